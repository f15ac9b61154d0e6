//! Writing; only for those signed in.

use super::ahead;
use super::types::{CreatePostInput, PostPayload, UpdatePostInput};
use crate::app::App;
use crate::domain::{Change, Post};
use crate::operations;
use async_graphql::{Context, ID, Object, Result};
use shared_service::graphql::{DeletePayload, Viewer, answer};
use shared_service::{ApiResult, Caller};

/// What can be done.
pub(super) struct Mutation;

#[Object]
impl Mutation {
    /// Writes a post.
    async fn create_post(&self, ctx: &Context<'_>, input: CreatePostInput) -> Result<Option<PostPayload>> {
        let (app, caller) = parts(ctx)?;
        let kind = input.post_type.as_ref().map(|kind| kind.0.as_str());
        let media = input.media_urls.unwrap_or_default();
        let post = operations::create_post(app, caller, &input.content, kind, &media).await;
        // Nobody can have liked what is this new.
        payload(ctx, post, Some(false), "Post created").await
    }

    /// Changes a post of one's own.
    async fn update_post(&self, ctx: &Context<'_>, id: ID, input: UpdatePostInput) -> Result<Option<PostPayload>> {
        let (app, caller) = parts(ctx)?;
        let kind = input.post_type.map(|kind| kind.0);
        let change = Change {
            content: input.content,
            kind,
            media_urls: input.media_urls,
        };
        let post = operations::update_post(app, caller, &id, &change).await;
        payload(ctx, post, None, "Post updated").await
    }

    /// Deletes a post of one's own, with its likes and comments.
    async fn delete_post(&self, ctx: &Context<'_>, id: ID) -> Result<Option<DeletePayload>> {
        let (app, caller) = parts(ctx)?;
        let deleted = operations::delete_post(app, caller, &id).await;
        answer(deleted, Some("Post deleted"), |outcome, _| DeletePayload::from(outcome))
    }

    /// Likes a post; liking it again changes nothing.
    async fn like_post(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PostPayload>> {
        let (app, caller) = parts(ctx)?;
        let post = operations::like_post(app, caller, &id).await;
        payload(ctx, post, Some(true), "Post liked").await
    }

    /// Takes a like back; without one nothing changes.
    async fn unlike_post(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PostPayload>> {
        let (app, caller) = parts(ctx)?;
        let post = operations::unlike_post(app, caller, &id).await;
        payload(ctx, post, Some(false), "Like taken back").await
    }
}

fn parts<'a>(ctx: &Context<'a>) -> Result<(&'a App, &'a Caller)> {
    Ok((ctx.data::<App>()?, Viewer::of(ctx)?.caller()))
}

/// `liked`: whether the caller likes the post, where that is known already.
async fn payload(
    ctx: &Context<'_>,
    post: ApiResult<Post>,
    liked: Option<bool>,
    message: &str,
) -> Result<Option<PostPayload>> {
    let post = match post {
        Ok(row) => Ok(ahead::post(ctx, row, liked).await?),
        Err(error) => Err(error),
    };
    answer(post, Some(message), |outcome, post| PostPayload { outcome, post })
}
