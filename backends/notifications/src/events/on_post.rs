//! Posts: those named in one are looked up; with it goes all that was said about it.

use super::{Effects, begin, data, forget, id};
use crate::{
    domain::{Subject, mentioned},
    store::pending::NewPending,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use shared_contracts::event::{PostChanged, PostDeleted};
use shared_event_bus::HandlerError;
use shared_postgres::AsyncPgConnection;

pub(super) async fn created(
    conn: &mut AsyncPgConnection,
    event: &PostChanged,
    at: DateTime<Utc>,
) -> Result<Effects, HandlerError> {
    let subject = Subject {
        post: id("postId", &event.post_id)?,
        comment: None,
    };
    let actor = id("author.id", &event.author.id)?;
    let names = mentioned(&event.content);
    let mut effects = Effects::default();
    if names.is_empty() || !begin(conn, subject).await? {
        return Ok(effects);
    }
    let post = json!({
        "id": event.post_id,
        "author": event.author,
        "content": event.content,
        "postType": event.post_type,
        "mediaUrls": event.media_urls,
        "createdAt": event.created_at,
    });
    let mention = NewPending {
        subject,
        actor: (actor, &event.author.username),
        skipped: &[actor],
        names: &names,
        data: &data(subject.post, &event.author, "post", post)?,
        created_at: at,
    };
    effects.mention(conn, &mention).await?;
    Ok(effects)
}

pub(super) async fn deleted(conn: &mut AsyncPgConnection, event: &PostDeleted) -> Result<Effects, HandlerError> {
    forget(
        conn,
        Subject {
            post: id("postId", &event.post_id)?,
            comment: None,
        },
    )
    .await
}
