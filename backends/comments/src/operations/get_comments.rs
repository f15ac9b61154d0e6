//! `getComments`: a post's comments, newest first.

use crate::app::App;
use crate::domain::{COMMENTS, Comment, DEFAULT_PAGE, MAX_PAGE};
use crate::store::comments;
use shared_service::{ApiResult, Cursor, validate};

/// A page of comments.
#[derive(Debug, Default)]
pub struct Page {
    /// The comments, newest first.
    pub comments: Vec<Comment>,
    /// Whether older ones follow.
    pub has_next: bool,
    /// Where the next page begins; `None` for an empty page.
    pub end_cursor: Option<String>,
}

/// A page of `limit` comments (20 where none is given) on a post, older than `cursor`. A post that nobody has commented,
/// or that does not exist, has none.
///
/// # Errors
/// `VALIDATION_FAILED` for `postId` or `limit`, `INVALID_CURSOR`, or the database's.
pub async fn get_comments(app: &App, post_id: &str, limit: Option<i32>, cursor: Option<&str>) -> ApiResult<Page> {
    let post_id = validate::id("postId", post_id)?;
    let limit = validate::limit(limit, DEFAULT_PAGE, MAX_PAGE)?;
    // Another post's comments are another list.
    let list = format!("{COMMENTS}/{post_id}");
    let before = cursor
        .map(|text| Cursor::decode(&list, text))
        .transpose()?
        .map(|cursor| cursor.id);
    let mut conn = app.pool.get().await?;
    // One more than wanted tells whether a page follows.
    let mut comments = comments::page(&mut conn, post_id, before, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_next = comments.len() > limit;
    comments.truncate(limit);
    let end_cursor = comments.last().map(|comment| Cursor { id: comment.id }.encode(&list));
    Ok(Page {
        comments,
        has_next,
        end_cursor,
    })
}
