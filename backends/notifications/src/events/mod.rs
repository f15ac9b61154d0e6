//! What the service hears, and what that means to whom.
//!
//! A handler decides and stores within the event's transaction; what it wants sent goes out after the commit.

mod on_comment;
mod on_like;
mod on_post;

use crate::{
    domain::{Draft, Subject},
    mentions,
    socket::{Live, Outgoing},
    store::{inbox, pending, subjects},
};
use serde::Serialize;
use serde_json::{Value, json};
use shared_contracts::event::{Actor, key};
use shared_event_bus::{After, Handler, HandlerError, Incoming, Subscription};
use shared_postgres::AsyncPgConnection;

/// The service's queue, shared by its instances.
pub const QUEUE: &str = "notifications";

/// What the service wants to hear.
pub fn subscription() -> Subscription {
    let keys = [
        key::COMMENT_CREATED,
        key::COMMENT_DELETED,
        key::POST_CREATED,
        key::POST_DELETED,
        key::POST_LIKED,
        key::POST_UNLIKED,
        key::LIKE_CREATED,
    ];
    Subscription::new(QUEUE, keys)
}

/// Handles the events of [`subscription`].
pub struct Listener {
    live: Live,
    mentions: mentions::Waker,
}

impl Listener {
    /// A listener that sends over `live` and wakes the look-up of names.
    pub fn new(live: Live, mentions: mentions::Waker) -> Self {
        Self { live, mentions }
    }
}

impl Handler for Listener {
    async fn handle(&self, conn: &mut AsyncPgConnection, event: &Incoming) -> Result<After, HandlerError> {
        let at = event.event.time;
        let effects = match event.kind() {
            key::COMMENT_CREATED => on_comment::created(conn, &event.data()?, at).await?,
            key::COMMENT_DELETED => on_comment::deleted(conn, &event.data()?).await?,
            key::POST_CREATED => on_post::created(conn, &event.data()?, at).await?,
            key::POST_DELETED => on_post::deleted(conn, &event.data()?).await?,
            key::POST_LIKED => on_like::liked(conn, &event.data()?, at).await?,
            key::POST_UNLIKED => on_like::unliked(conn, &event.data()?).await?,
            key::LIKE_CREATED => on_like::created(&event.data()?, at)?,
            other => return Err(HandlerError::permanent(format!("no handler for {other}"))),
        };
        if effects.mentions {
            let waker = self.mentions.clone();
            let live = self.live.clone();
            return Ok(After::run(async move {
                waker.wake();
                live.send_all(&effects.outgoing).await;
            }));
        }
        if effects.outgoing.is_empty() {
            return Ok(After::nothing());
        }
        let live = self.live.clone();
        Ok(After::run(async move { live.send_all(&effects.outgoing).await }))
    }
}

/// What is done once the transaction is committed.
#[derive(Debug, Default)]
struct Effects {
    outgoing: Vec<Outgoing>,
    mentions: bool,
}

impl Effects {
    /// Stores `draft`; it is sent if the user was not told of it before.
    async fn notify(&mut self, conn: &mut AsyncPgConnection, draft: Draft) -> Result<(), HandlerError> {
        let user = draft.user;
        if let Some(id) = inbox::add(conn, &draft).await? {
            self.outgoing.push(Outgoing::Notify {
                user,
                push: draft.into_push(id),
            });
        }
        Ok(())
    }

    /// Notes names to be looked up.
    async fn mention(
        &mut self,
        conn: &mut AsyncPgConnection,
        new: &pending::NewPending<'_>,
    ) -> Result<(), HandlerError> {
        if !new.names.is_empty() {
            pending::add(conn, new).await?;
            self.mentions = true;
        }
        Ok(())
    }
}

/// Lets events about the subject's post wait for each other, and tells whether the subject is still there.
async fn begin(conn: &mut AsyncPgConnection, subject: Subject) -> Result<bool, HandlerError> {
    subjects::lock(conn, subject.post).await?;
    Ok(!subjects::is_gone(conn, subject).await?)
}

async fn forget(conn: &mut AsyncPgConnection, subject: Subject) -> Result<Effects, HandlerError> {
    subjects::lock(conn, subject.post).await?;
    subjects::delete(conn, subject).await?;
    Ok(Effects::default())
}

/// The `data` of a notification: the post, who did it, and the object under its own name.
fn data(post: i64, actor: &Actor, name: &str, object: impl Serialize) -> Result<Value, HandlerError> {
    let object = serde_json::to_value(object).map_err(HandlerError::permanent)?;
    Ok(json!({ "postId": post.to_string(), "actor": actor, name: object }))
}

/// An id on the wire.
fn id(field: &str, text: &str) -> Result<i64, HandlerError> {
    text.parse()
        .map_err(|_| HandlerError::permanent(format!("{field} `{text}` is not an id")))
}
