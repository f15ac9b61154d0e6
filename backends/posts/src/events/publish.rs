//! What the service says, written into the outbox of the transaction that it tells about.

use crate::domain::Post;
use shared_contracts::event::{Actor, LikeChanged, PostChanged, PostDeleted, key};
use shared_event_bus::{EventDraft, outbox};
use shared_postgres::{AsyncPgConnection, DbError};
use shared_service::{Caller, User};

/// `post.created`.
pub async fn post_created(conn: &mut AsyncPgConnection, caller: &Caller, post: &Post) -> Result<(), DbError> {
    say(conn, caller, key::POST_CREATED, post, &changed(post)).await
}

/// `post.updated`.
pub async fn post_updated(conn: &mut AsyncPgConnection, caller: &Caller, post: &Post) -> Result<(), DbError> {
    say(conn, caller, key::POST_UPDATED, post, &changed(post)).await
}

/// `post.deleted`: those who keep something of the post let it go.
pub async fn post_deleted(conn: &mut AsyncPgConnection, caller: &Caller, post: &Post) -> Result<(), DbError> {
    let data = PostDeleted {
        post_id: post.id.to_string(),
        author: author(post),
        media_urls: post.media_urls.clone(),
    };
    say(conn, caller, key::POST_DELETED, post, &data).await
}

/// A new like: `post.liked` for the author, `like.created` for the post's subscribers.
pub async fn liked(conn: &mut AsyncPgConnection, caller: &Caller, user: &User, post: &Post) -> Result<(), DbError> {
    let data = like(user, post);
    say(conn, caller, key::POST_LIKED, post, &data).await?;
    say(conn, caller, key::LIKE_CREATED, post, &data).await
}

/// A like taken back: `post.unliked` and `like.deleted`.
pub async fn unliked(conn: &mut AsyncPgConnection, caller: &Caller, user: &User, post: &Post) -> Result<(), DbError> {
    let data = like(user, post);
    say(conn, caller, key::POST_UNLIKED, post, &data).await?;
    say(conn, caller, key::LIKE_DELETED, post, &data).await
}

fn author(post: &Post) -> Actor {
    Actor {
        id: post.author_id.to_string(),
        username: post.author_name.clone(),
    }
}

fn changed(post: &Post) -> PostChanged {
    PostChanged {
        post_id: post.id.to_string(),
        author: author(post),
        content: post.content.clone(),
        post_type: post.post_type.clone(),
        media_urls: post.media_urls.clone(),
        created_at: post.created_at,
    }
}

fn like(user: &User, post: &Post) -> LikeChanged {
    LikeChanged {
        post_id: post.id.to_string(),
        post_author_id: post.author_id.to_string(),
        actor: Actor {
            id: user.id.to_string(),
            username: user.name.clone(),
        },
        like_count: post.like_count,
    }
}

async fn say<T: serde::Serialize>(
    conn: &mut AsyncPgConnection,
    caller: &Caller,
    key: &str,
    post: &Post,
    data: &T,
) -> Result<(), DbError> {
    let draft = EventDraft::new(key, format!("post/{}", post.id), data)?.traceparent(caller.traceparent.clone());
    outbox::enqueue(conn, draft).await.map(drop)
}
