//! A post as it is stored: the same for every viewer.
//!
//! The fields stand in the order of the table's columns, for `Queryable` reads them by position.

use chrono::{DateTime, Utc};
use diesel::Queryable;
use serde::{Deserialize, Serialize};

/// A post. Nothing in it depends on who looks, so it may be cached for all.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize, Deserialize)]
pub struct Post {
    /// Id; newer posts have higher ones.
    pub id: i64,
    /// The author's id.
    pub author_id: i64,
    /// The author's name when the post was made.
    pub author_name: String,
    /// The text; empty only where there are media.
    pub content: String,
    /// `TEXT`, `IMAGE` or `VIDEO`.
    pub post_type: String,
    /// Media attached to it, in order.
    pub media_urls: Vec<String>,
    /// How many users like it.
    pub like_count: i64,
    /// How many comments it has, as far as heard.
    pub comment_count: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its author last changed it.
    pub updated_at: DateTime<Utc>,
}
