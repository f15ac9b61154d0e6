//! Writing; only for those signed in.

use super::types::{Comment, CommentPayload, CreateCommentInput, UpdateCommentInput};
use crate::app::App;
use crate::{domain, operations};
use async_graphql::{Context, ID, Object, Result};
use shared_service::graphql::{Authors, DeletePayload, Viewer, answer};
use shared_service::{ApiResult, Caller};

/// What can be done.
pub(super) struct Mutation;

#[Object]
impl Mutation {
    /// Comments on a post.
    async fn create_comment(&self, ctx: &Context<'_>, input: CreateCommentInput) -> Result<Option<CommentPayload>> {
        let (app, caller) = parts(ctx)?;
        let comment = operations::create_comment(app, caller, &input.post_id, &input.content).await;
        payload(ctx, comment, "Comment created").await
    }

    /// Changes a comment of one's own.
    async fn update_comment(
        &self,
        ctx: &Context<'_>,
        id: ID,
        input: UpdateCommentInput,
    ) -> Result<Option<CommentPayload>> {
        let (app, caller) = parts(ctx)?;
        let comment = operations::update_comment(app, caller, &id, &input.content).await;
        payload(ctx, comment, "Comment updated").await
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
    Ok((ctx.data::<App>()?, Viewer::of(ctx)?.caller()))
}

async fn payload(
    ctx: &Context<'_>,
    comment: ApiResult<domain::Comment>,
    message: &str,
) -> Result<Option<CommentPayload>> {
    let author = comment.iter().map(|row| row.author_id);
    let authors = Authors::ahead(ctx, "comment", author).await?;
    answer(comment, Some(message), |outcome, comment| CommentPayload {
        outcome,
        comment: comment.map(|row| Comment::new(row, &authors)),
    })
}
