//! A notification before it is stored, and as it is pushed.

use super::Kind;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

/// What a notification is about; it goes when its subject does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The post.
    pub post: i64,
    /// The comment below it, if it is about one.
    pub comment: Option<i64>,
}

/// A notification to be stored.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Who is told.
    pub user: i64,
    /// What of.
    pub kind: Kind,
    /// Who did it; never the one who is told.
    pub actor: i64,
    /// What it is about.
    pub subject: Subject,
    /// The sentence a person reads.
    pub message: String,
    /// The object: `{postId, actor, comment | post | like}`.
    pub data: Value,
    /// When it happened.
    pub created_at: DateTime<Utc>,
}

/// The payload of the Socket.IO event `notification`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    /// The stored notification's id; live-only kinds have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The sentence a person reads.
    pub message: String,
    /// The object.
    pub data: Value,
    /// When it happened.
    pub created_at: DateTime<Utc>,
}

impl Draft {
    /// What is pushed once it is stored as `id`.
    pub fn into_push(self, id: i64) -> Push {
        Push {
            id: Some(id.to_string()),
            kind: self.kind,
            message: self.message,
            data: self.data,
            created_at: self.created_at,
        }
    }
}
