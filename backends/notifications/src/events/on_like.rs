//! Likes: the author is told once, followers see it live. Liking one's own post tells nobody.

use super::{Effects, begin, data, id};
use crate::{
    domain::{Draft, Kind, Push, Subject, liked as sentence},
    socket::Outgoing,
    store::{inbox, subjects},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared_contracts::event::LikeChanged;
use shared_event_bus::HandlerError;
use shared_postgres::AsyncPgConnection;

/// Post, its author, who liked it.
fn ids(event: &LikeChanged) -> Result<(i64, i64, i64), HandlerError> {
    let author = id("postAuthorId", &event.post_author_id)?;
    Ok((id("postId", &event.post_id)?, author, id("actor.id", &event.actor.id)?))
}

fn object(event: &LikeChanged, post: i64) -> Result<Value, HandlerError> {
    let like = json!({ "postId": event.post_id, "actor": event.actor, "likeCount": event.like_count });
    data(post, &event.actor, "like", like)
}

pub(super) async fn liked(
    conn: &mut AsyncPgConnection,
    event: &LikeChanged,
    at: DateTime<Utc>,
) -> Result<Effects, HandlerError> {
    let (post, author, actor) = ids(event)?;
    let subject = Subject { post, comment: None };
    let mut effects = Effects::default();
    if author == actor || !begin(conn, subject).await? {
        return Ok(effects);
    }
    let draft = Draft {
        user: author,
        kind: Kind::PostLiked,
        actor,
        subject,
        message: sentence(&event.actor.username, true),
        data: object(event, post)?,
        created_at: at,
    };
    effects.notify(conn, draft).await?;
    Ok(effects)
}

pub(super) async fn unliked(conn: &mut AsyncPgConnection, event: &LikeChanged) -> Result<Effects, HandlerError> {
    let (post, _, actor) = ids(event)?;
    subjects::lock(conn, post).await?;
    inbox::remove_like(conn, post, actor).await?;
    Ok(Effects::default())
}

/// For the post's followers; its author hears `post_liked` instead, even where following it.
pub(super) fn created(event: &LikeChanged, at: DateTime<Utc>) -> Result<Effects, HandlerError> {
    let (post, author, actor) = ids(event)?;
    let mut effects = Effects::default();
    if author != actor {
        let push = Push {
            id: None,
            kind: Kind::LikeCreated,
            message: sentence(&event.actor.username, false),
            data: object(event, post)?,
            created_at: at,
        };
        effects.outgoing.push(Outgoing::NotifyFollowers {
            post,
            push,
            except: vec![author, actor],
        });
    }
    Ok(effects)
}
