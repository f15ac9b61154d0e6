//! A comment as it is stored. The fields stand in the order of the table's columns, for `Queryable` reads by position.

use chrono::{DateTime, Utc};
use diesel::Queryable;
use shared_contracts::{event, user::PublicUser};
use shared_service::{ApiResult, validate};

/// Comments on a page where no number is given.
pub const DEFAULT_PAGE: i64 = 20;
/// Most comments on a page.
pub const MAX_PAGE: i64 = 100;
/// The kind of this list's cursors.
pub const COMMENTS: &str = "comments";
/// Most characters of a comment.
const MAX_CONTENT: usize = 2000;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Comment {
    /// Id; newer comments have higher ones.
    pub id: i64,
    /// The post it belongs to.
    pub post_id: i64,
    /// The post's author.
    pub post_author_id: i64,
    /// Who wrote it.
    pub author_id: i64,
    /// The author's name when it was written.
    pub author_name: String,
    /// The text.
    pub content: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When its author last changed it.
    pub updated_at: DateTime<Utc>,
}

impl Comment {
    /// The comment as events and live streams tell it; `author` where auth could be asked.
    pub fn to_wire(&self, author: Option<&PublicUser>) -> event::Comment {
        event::Comment {
            id: self.id.to_string(),
            post_id: self.post_id.to_string(),
            content: self.content.clone(),
            author: author.cloned().unwrap_or_else(|| PublicUser {
                id: self.author_id.to_string(),
                username: self.author_name.clone(),
                full_name: self.author_name.clone(),
                avatar_url: None,
            }),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// A comment's text: 1 to 2,000 characters, trimmed.
///
/// # Errors
/// `VALIDATION_FAILED` that names `content`.
pub fn content(text: &str) -> ApiResult<String> {
    validate::text("content", text, 1..=MAX_CONTENT)
}
