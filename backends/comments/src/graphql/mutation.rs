//! Writing; only for those signed in.

use super::types::{Comment, CommentPayload, CreateCommentInput, UpdateCommentInput};
use crate::app::App;
use crate::{domain, operations};
use async_graphql::{Context, ID, Object, Result};
use shared_service::graphql::{DeletePayload, answer};
use shared_service::{ApiResult, Caller};

/// What can be done.
pub(super) struct Mutation;

#[Object]
impl Mutation {
    /// Comments on a post.
    async fn create_comment(&self, ctx: &Context<'_>, input: CreateCommentInput) -> Result<Option<CommentPayload>> {
        let (app, caller) = parts(ctx)?;
        let comment = operations::create_comment(app, caller, &input.post_id, &input.content).await;
        payload(comment, "Comment created")
    }

    /// Changes a comment of one's own.
    async fn update_comment(
        &self,
        ctx: &Context<'_>,
        id: ID,
        input: UpdateCommentInput,
    ) -> Result<Option<CommentPayload>> {
        let (app, caller) = parts(ctx)?;
        payload(
            operations::update_comment(app, caller, &id, &input.content).await,
            "Comment updated",
        )
    }

    /// Deletes a comment of one's own.
    async fn delete_comment(&self, ctx: &Context<'_>, id: ID) -> Result<Option<DeletePayload>> {
        let (app, caller) = parts(ctx)?;
        let deleted = operations::delete_comment(app, caller, &id).await;
        answer(deleted, Some("Comment deleted"), |outcome, _| {
            DeletePayload::from(outcome)
        })
    }
}

fn parts<'a>(ctx: &Context<'a>) -> Result<(&'a App, &'a Caller)> {
    Ok((ctx.data::<App>()?, ctx.data::<Caller>()?))
}

fn payload(comment: ApiResult<domain::Comment>, message: &str) -> Result<Option<CommentPayload>> {
    answer(comment, Some(message), |outcome, comment| CommentPayload {
        outcome,
        comment: comment.map(Comment),
    })
}
