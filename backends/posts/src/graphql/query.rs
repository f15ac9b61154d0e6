//! Reading; anonymous callers may.

use super::types::{GetPostsInput, Post, PostPayload, PostsPayload};
use crate::app::App;
use crate::operations;
use async_graphql::{Context, ID, Object, Result};
use shared_service::graphql::{PageInfo, answer};

/// What is said beside an answer that the cache gave in the database's place.
const FROM_MEMORY: &str = "This may be out of date";

/// What can be asked.
pub(super) struct Query;

#[Object]
impl Query {
    /// The feed, newest first.
    async fn get_posts(&self, ctx: &Context<'_>, input: Option<GetPostsInput>) -> Result<Option<PostsPayload>> {
        let input = input.unwrap_or_default();
        let page = operations::get_posts(ctx.data::<App>()?, input.limit, input.cursor.as_deref()).await;
        let message = page.as_ref().is_ok_and(|page| page.from_memory).then_some(FROM_MEMORY);
        answer(page, message, |outcome, page| {
            let page = page.unwrap_or_default();
            let page_info = PageInfo {
                has_next_page: page.has_next,
                end_cursor: page.end_cursor,
            };
            PostsPayload {
                outcome,
                posts: page.posts.into_iter().map(Post::from).collect(),
                page_info,
            }
        })
    }

    /// One post.
    async fn get_post(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PostPayload>> {
        let served = operations::get_post(ctx.data::<App>()?, &id).await;
        let message = served
            .as_ref()
            .is_ok_and(|served| served.from_memory)
            .then_some(FROM_MEMORY);
        answer(served, message, |outcome, served| PostPayload {
            outcome,
            post: served.map(|served| served.value.into()),
        })
    }
}
