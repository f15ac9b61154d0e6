//! Comments: the post's author is told, its followers see the comment, those named in it are looked up.

use super::{Effects, begin, data, forget, id};
use crate::{
    domain::{Draft, Kind, Subject, commented, mentioned},
    socket::Outgoing,
    store::pending::NewPending,
};
use chrono::{DateTime, Utc};
use shared_contracts::event::CommentChanged;
use shared_event_bus::HandlerError;
use shared_postgres::AsyncPgConnection;

fn subject(event: &CommentChanged) -> Result<Subject, HandlerError> {
    let comment = id("comment.id", &event.comment.id)?;
    Ok(Subject {
        post: id("comment.postId", &event.comment.post_id)?,
        comment: Some(comment),
    })
}

pub(super) async fn created(
    conn: &mut AsyncPgConnection,
    event: &CommentChanged,
    at: DateTime<Utc>,
) -> Result<Effects, HandlerError> {
    let subject = subject(event)?;
    let author = id("postAuthorId", &event.post_author_id)?;
    let actor = id("actor.id", &event.actor.id)?;
    let mut effects = Effects::default();
    if !begin(conn, subject).await? {
        return Ok(effects);
    }
    let data = data(subject.post, &event.actor, "comment", &event.comment)?;
    if author != actor {
        let draft = Draft {
            user: author,
            kind: Kind::NewComment,
            actor,
            subject,
            message: commented(&event.actor.username),
            data: data.clone(),
            created_at: at,
        };
        effects.notify(conn, draft).await?;
    }
    let mention = NewPending {
        subject,
        actor: (actor, &event.actor.username),
        // The post's author hears of the comment anyway, or wrote it.
        skipped: &[actor, author],
        names: &mentioned(&event.comment.content),
        data: &data,
        created_at: at,
    };
    effects.mention(conn, &mention).await?;
    let comment = Box::new(event.comment.clone());
    effects.outgoing.push(Outgoing::Comment {
        post: subject.post,
        comment,
    });
    Ok(effects)
}

pub(super) async fn deleted(conn: &mut AsyncPgConnection, event: &CommentChanged) -> Result<Effects, HandlerError> {
    forget(conn, subject(event)?).await
}
