//! What is sent to sockets, here and at other instances.

use super::{Adapter, SocketUser, rooms};
use crate::domain::Push;
use serde::Serialize;
use shared_contracts::{
    event::Comment,
    revocation::{Revocation, Revoked},
};
use socketioxide::{BroadcastError, SocketIo, operators::BroadcastOperators};
use std::time::Duration;

/// Longest wait for connections to close.
const CLOSING: Duration = Duration::from_secs(3);

/// Something to send once it is committed.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// `notification` to a user's subscribers.
    Notify {
        /// Who is told.
        user: i64,
        /// What of.
        push: Push,
    },
    /// `notification` to a post's subscribers.
    NotifyFollowers {
        /// The post.
        post: i64,
        /// What is told.
        push: Push,
        /// Users who are not told, though they follow the post.
        except: Vec<i64>,
    },
    /// `new_comment` to a post's subscribers.
    Comment {
        /// The post.
        post: i64,
        /// The comment.
        comment: Box<Comment>,
    },
}

/// The payload of `new_comment`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NewComment<'a> {
    post_id: String,
    comment: &'a Comment,
}

/// A handle on all sockets.
#[derive(Clone)]
pub struct Live {
    io: SocketIo<Adapter>,
}

impl Live {
    pub(super) fn new(io: SocketIo<Adapter>) -> Self {
        Self { io }
    }

    /// Sends; who is not connected, or too slow to read, misses it.
    pub async fn send(&self, outgoing: &Outgoing) {
        // None while the server closes.
        let Some(all) = self.io.of("/") else { return };
        match outgoing {
            Outgoing::Notify { user, push } => emit(all.to(rooms::user(*user)), "notification", push).await,
            Outgoing::NotifyFollowers { post, push, except } => {
                let except: Vec<String> = except.iter().copied().map(rooms::own).collect();
                emit(all.to(rooms::post(*post)).except(except), "notification", push).await;
            }
            Outgoing::Comment { post, comment } => {
                let payload = NewComment {
                    post_id: post.to_string(),
                    comment,
                };
                emit(all.to(rooms::post(*post)), "new_comment", &payload).await;
            }
        }
    }

    /// Sends in order.
    pub async fn send_all(&self, outgoing: &[Outgoing]) {
        for one in outgoing {
            self.send(one).await;
        }
    }

    /// Disconnects this instance's sockets that were opened with what is revoked now.
    pub fn end(&self, revocation: &Revocation) {
        let Some(all) = self.io.of("/") else { return };
        let room = match &revocation.what {
            Revoked::Session { sid } => Some(rooms::session(sid)),
            Revoked::User { sub, .. } => sub.parse().ok().map(rooms::own),
            Revoked::Token { .. } => None,
        };
        let sockets = match room {
            Some(room) => all.local().within(room).sockets(),
            None => all.local().sockets(),
        };
        let is_meant = |user: SocketUser| user.is_meant(&revocation.what);
        for socket in sockets {
            if !socket.extensions.get::<SocketUser>().is_some_and(is_meant) {
                continue;
            }
            // A socket whose buffer is full cannot be told to go; it must not hear anything more all the same.
            socket.leave_all();
            if let Err(error) = socket.disconnect() {
                tracing::debug!(%error, "a socket of an ended session could not be told");
            }
        }
    }

    /// Closes all connections; clients reconnect to another instance by themselves.
    pub async fn close(&self) {
        if tokio::time::timeout(CLOSING, self.io.close()).await.is_err() {
            tracing::warn!("some sockets did not close in time");
        }
    }
}

async fn emit<T: Serialize>(to: BroadcastOperators<Adapter>, event: &'static str, payload: &T) {
    match to.emit(event, payload).await {
        Ok(()) => {}
        // Full buffers; the missing heartbeat ends those connections.
        Err(BroadcastError::Socket(errors)) => {
            tracing::debug!(event, sockets = errors.len(), "some sockets missed it");
        }
        Err(error) => tracing::warn!(%error, event, "could not be sent"),
    }
}
