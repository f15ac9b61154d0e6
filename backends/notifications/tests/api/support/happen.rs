//! Events as posts and comments say them.

use super::World;
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared_contracts::{
    event::{Actor, CloudEvent, Comment, CommentChanged, LikeChanged, PostChanged, PostDeleted, key},
    user::PublicUser,
};

pub(crate) type Who = (i64, &'static str);

fn actor(who: Who) -> Actor {
    Actor {
        id: who.0.to_string(),
        username: who.1.into(),
    }
}

fn event(kind: &str, data: impl Serialize) -> CloudEvent {
    CloudEvent {
        specversion: "1.0".into(),
        id: uuid::Uuid::new_v4(),
        source: "/test".into(),
        kind: kind.into(),
        subject: None,
        time: now(),
        datacontenttype: "application/json".into(),
        data: serde_json::to_value(data).unwrap(),
    }
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

impl World {
    /// `who` comments `text` on a post of `author`.
    pub(crate) fn comment(who: Who, post: i64, author: i64, comment: i64, text: &str) -> CloudEvent {
        event(key::COMMENT_CREATED, comment_changed(who, post, author, comment, text))
    }

    pub(crate) fn comment_deleted(who: Who, post: i64, author: i64, comment: i64) -> CloudEvent {
        event(
            key::COMMENT_DELETED,
            comment_changed(who, post, author, comment, "gone"),
        )
    }

    /// `who` likes a post of `author`: what the author is told by.
    pub(crate) fn liked(who: Who, post: i64, author: i64) -> CloudEvent {
        event(key::POST_LIKED, like(who, post, author))
    }

    pub(crate) fn unliked(who: Who, post: i64, author: i64) -> CloudEvent {
        event(key::POST_UNLIKED, like(who, post, author))
    }

    /// The same, for the post's followers.
    pub(crate) fn like_created(who: Who, post: i64, author: i64) -> CloudEvent {
        event(key::LIKE_CREATED, like(who, post, author))
    }

    pub(crate) fn post(who: Who, post: i64, text: &str) -> CloudEvent {
        let data = PostChanged {
            post_id: post.to_string(),
            author: actor(who),
            content: text.into(),
            post_type: "TEXT".into(),
            media_urls: Vec::new(),
            created_at: now(),
        };
        event(key::POST_CREATED, data)
    }

    pub(crate) fn post_deleted(who: Who, post: i64) -> CloudEvent {
        event(
            key::POST_DELETED,
            PostDeleted {
                post_id: post.to_string(),
                author: actor(who),
                media_urls: Vec::new(),
            },
        )
    }
}

fn like(who: Who, post: i64, author: i64) -> LikeChanged {
    LikeChanged {
        post_id: post.to_string(),
        post_author_id: author.to_string(),
        actor: actor(who),
        like_count: 1,
    }
}

fn comment_changed(who: Who, post: i64, author: i64, comment: i64, text: &str) -> CommentChanged {
    let public = PublicUser {
        id: who.0.to_string(),
        username: who.1.into(),
        full_name: who.1.into(),
        avatar_url: None,
    };
    let comment = Comment {
        id: comment.to_string(),
        post_id: post.to_string(),
        content: text.into(),
        author: public,
        created_at: now(),
        updated_at: now(),
    };
    CommentChanged {
        comment,
        post_author_id: author.to_string(),
        actor: actor(who),
    }
}
