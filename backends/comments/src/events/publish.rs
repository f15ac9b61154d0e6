//! What the service says, written into the outbox of the transaction that it tells about.

use crate::domain::Comment;
use shared_contracts::event::{self, Actor, CommentChanged};
use shared_event_bus::{EventDraft, outbox};
use shared_postgres::{AsyncPgConnection, DbError};
use shared_service::{Caller, User};

/// `comment.created`, `comment.updated` or `comment.deleted`, by the comment's author.
pub async fn comment(
    conn: &mut AsyncPgConnection,
    key: &str,
    caller: &Caller,
    user: &User,
    comment: &Comment,
    wire: &event::Comment,
) -> Result<(), DbError> {
    let actor = Actor {
        id: user.id.to_string(),
        username: user.name.clone(),
    };
    say(conn, key, actor, comment, wire.clone(), caller.traceparent.clone()).await
}

/// As [`comment()`], whoever did it.
pub(super) async fn say(
    conn: &mut AsyncPgConnection,
    key: &str,
    actor: Actor,
    comment: &Comment,
    wire: event::Comment,
    traceparent: Option<String>,
) -> Result<(), DbError> {
    let data = CommentChanged {
        comment: wire,
        post_author_id: comment.post_author_id.to_string(),
        actor,
    };
    let draft = EventDraft::new(key, format!("comment/{}", comment.id), &data)?.traceparent(traceparent);
    outbox::enqueue(conn, draft).await.map(drop)
}
