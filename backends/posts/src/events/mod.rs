//! What the service says (`publish`) and hears (`on_…`).

mod on_comment;
mod on_user;
pub mod publish;

use crate::app::{App, NAME};
use crate::cache::PostCache;
use shared_contracts::event::key;
use shared_event_bus::{After, Handler, HandlerError, Incoming, Subscription};
use shared_postgres::AsyncPgConnection;
use shared_service::UserDirectory;

/// The events this service hears: one queue for all instances.
pub fn subscription() -> Subscription {
    Subscription::new(NAME, [key::COMMENT_CREATED, key::COMMENT_DELETED, key::USER_UPDATED])
}

/// Handles what comes in.
pub struct Listener {
    cache: PostCache,
    users: UserDirectory,
}

impl Listener {
    /// A listener that works on the service's cache and users.
    pub fn new(app: &App) -> Self {
        Self {
            cache: app.cache.clone(),
            users: app.users.clone(),
        }
    }
}

impl Handler for Listener {
    async fn handle(&self, conn: &mut AsyncPgConnection, event: &Incoming) -> Result<After, HandlerError> {
        match event.kind() {
            key::COMMENT_CREATED => on_comment::created(conn, &self.cache, &event.data()?).await,
            key::COMMENT_DELETED => on_comment::deleted(conn, &self.cache, &event.data()?).await,
            key::USER_UPDATED => on_user::updated(&self.users, &event.data()?),
            other => Err(HandlerError::permanent(format!("{other} was not asked for"))),
        }
    }
}

/// An id in a payload: decimal text.
fn id(text: &str) -> Result<i64, HandlerError> {
    text.parse()
        .map_err(|_| HandlerError::permanent(format!("`{text}` is no id")))
}
