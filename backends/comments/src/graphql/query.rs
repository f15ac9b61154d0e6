//! Reading; anonymous callers may.

use super::types::{Comment, CommentsPayload};
use crate::app::App;
use crate::operations;
use async_graphql::{Context, ID, Object, Result};
use shared_service::graphql::{Authors, PageInfo, answer};

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
        let written = page.iter().flat_map(|page| &page.comments);
        let authors = Authors::ahead(ctx, "comments", written.map(|comment| comment.author_id)).await?;
        answer(page, None, |outcome, page| {
            let page = page.unwrap_or_default();
            let comments = page.comments.into_iter();
            CommentsPayload {
                outcome,
                comments: comments.map(|row| Comment::new(row, &authors)).collect(),
                page_info: PageInfo {
                    has_next_page: page.has_next,
                    end_cursor: page.end_cursor,
                },
            }
        })
    }
}
