//! Writing; only for those signed in.

use super::types::{CreatePostInput, Post, PostPayload, UpdatePostInput};
use crate::app::App;
use crate::domain::{self, Change};
use crate::operations;
use async_graphql::{Context, ID, Object, Result};
use shared_service::graphql::{DeletePayload, answer};
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
        payload(post.map(|row| Post::liked(row, false)), "Post created")
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
        payload(
            operations::update_post(app, caller, &id, &change).await.map(Post::from),
            "Post updated",
        )
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
        let liked = |row: domain::Post| Post::liked(row, true);
        payload(operations::like_post(app, caller, &id).await.map(liked), "Post liked")
    }

    /// Takes a like back; without one nothing changes.
    async fn unlike_post(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PostPayload>> {
        let (app, caller) = parts(ctx)?;
        let unliked = |row: domain::Post| Post::liked(row, false);
        payload(
            operations::unlike_post(app, caller, &id).await.map(unliked),
            "Like taken back",
        )
    }
}

fn parts<'a>(ctx: &Context<'a>) -> Result<(&'a App, &'a Caller)> {
    Ok((ctx.data::<App>()?, ctx.data::<Caller>()?))
}

fn payload(post: ApiResult<Post>, message: &str) -> Result<Option<PostPayload>> {
    answer(post, Some(message), |outcome, post| PostPayload { outcome, post })
}
