//! Events on the bus: CloudEvents 1.0 in structured JSON, on the topic exchange [`EXCHANGE`].

use crate::user::PublicUser;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The topic exchange all events go through.
pub const EXCHANGE: &str = "newfeed.events";
/// `content_type` of a message.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// Routing keys; each is also the CloudEvent's `type`.
pub mod key {
    #![allow(missing_docs)]
    pub const POST_CREATED: &str = "post.created";
    pub const POST_UPDATED: &str = "post.updated";
    pub const POST_DELETED: &str = "post.deleted";
    pub const POST_LIKED: &str = "post.liked";
    pub const POST_UNLIKED: &str = "post.unliked";
    pub const LIKE_CREATED: &str = "like.created";
    pub const LIKE_DELETED: &str = "like.deleted";
    pub const COMMENT_CREATED: &str = "comment.created";
    pub const COMMENT_UPDATED: &str = "comment.updated";
    pub const COMMENT_DELETED: &str = "comment.deleted";
    pub const USER_UPDATED: &str = "user.updated";
    pub const MEDIA_DELETED: &str = "media.deleted";
}

/// A CloudEvent with a JSON payload (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Always `1.0`.
    pub specversion: String,
    /// Unique; a consumer handles each id once.
    pub id: Uuid,
    /// The service that says it: `/posts`, `/comments`, …
    pub source: String,
    /// The routing key.
    #[serde(rename = "type")]
    pub kind: String,
    /// The object it is about, as `<kind>/<id>`, e.g. `post/12`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The payload, one of this module's structures.
    pub data: serde_json::Value,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// User id.
    pub id: String,
    /// User name.
    pub username: String,
}

/// A post, as `post.created` and `post.updated` carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostChanged {
    /// Post id.
    pub post_id: String,
    /// The author.
    pub author: Actor,
    /// The text.
    pub content: String,
    /// `TEXT`, `IMAGE` or `VIDEO`.
    pub post_type: String,
    /// Media attached to it.
    pub media_urls: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// `post.deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostDeleted {
    /// Post id.
    pub post_id: String,
    /// The author.
    pub author: Actor,
    /// Media that was attached to it.
    pub media_urls: Vec<String>,
}

/// `post.liked` and `post.unliked` (for the author), `like.created` and `like.deleted` (for the post's subscribers).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LikeChanged {
    /// Post id.
    pub post_id: String,
    /// The post's author.
    pub post_author_id: String,
    /// Who liked it.
    pub actor: Actor,
    /// Likes after this change.
    pub like_count: i64,
}

/// A comment as clients see it over SSE and Socket.IO and in `comment.*` events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// Comment id.
    pub id: String,
    /// The post it belongs to.
    pub post_id: String,
    /// The text.
    pub content: String,
    /// The author, as far as known when the event was made.
    pub author: PublicUser,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// `comment.created`, `comment.updated` and `comment.deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommentChanged {
    /// The comment after (for `comment.deleted`: before) the change.
    pub comment: Comment,
    /// The post's author.
    pub post_author_id: String,
    /// Who did it: the comment's author, or the post's author when its deletion took the comment along.
    pub actor: Actor,
}

/// `media.deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaDeleted {
    /// The file's public id.
    pub public_id: String,
    /// Its address.
    pub url: String,
    /// Its owner.
    pub owner_id: String,
}
