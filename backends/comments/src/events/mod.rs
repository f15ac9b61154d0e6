//! What the service says (`publish`) and hears (`on_…`).

mod on_post;
pub mod publish;

use crate::app::{App, NAME};
use shared_contracts::event::{Actor, key};
use shared_event_bus::{After, Handler, HandlerError, Incoming, Subscription};
use shared_postgres::AsyncPgConnection;

/// The events this service hears: one queue for all instances.
pub fn subscription() -> Subscription {
    Subscription::new(NAME, [key::POST_DELETED, key::USER_UPDATED])
}

/// Handles what comes in.
pub struct Listener {
    app: App,
}

impl Listener {
    /// A listener that works on the service's parts.
    pub fn new(app: &App) -> Self {
        Self { app: app.clone() }
    }
}

impl Handler for Listener {
    async fn handle(&self, conn: &mut AsyncPgConnection, event: &Incoming) -> Result<After, HandlerError> {
        match event.kind() {
            key::POST_DELETED => on_post::deleted(conn, &self.app, event).await,
            key::USER_UPDATED => {
                let user: Actor = event.data()?;
                self.app.users.forget(id(&user.id)?);
                Ok(After::nothing())
            }
            other => Err(HandlerError::permanent(format!("{other} was not asked for"))),
        }
    }
}

/// An id in a payload: decimal text.
fn id(text: &str) -> Result<i64, HandlerError> {
    text.parse()
        .map_err(|_| HandlerError::permanent(format!("`{text}` is no id")))
}
