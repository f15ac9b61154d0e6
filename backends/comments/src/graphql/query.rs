//! Reading; anonymous callers may.

use super::types::{Comment, CommentsPayload};
use crate::app::App;
use crate::operations;
use async_graphql::{Context, ID, Object, Result};
use shared_service::graphql::{PageInfo, answer};

/// What can be asked.
pub(super) struct Query;

#[Object]
impl Query {
    /// A post's comments, newest first.
    async fn get_comments(
        &self,
        ctx: &Context<'_>,
        post_id: ID,
        limit: Option<i32>,
        cursor: Option<String>,
    ) -> Result<Option<CommentsPayload>> {
        let page = operations::get_comments(ctx.data::<App>()?, &post_id, limit, cursor.as_deref()).await;
        answer(page, None, |outcome, page| {
            let page = page.unwrap_or_default();
            CommentsPayload {
                outcome,
                comments: page.comments.into_iter().map(Comment).collect(),
                page_info: PageInfo {
                    has_next_page: page.has_next,
                    end_cursor: page.end_cursor,
                },
            }
        })
    }
}
