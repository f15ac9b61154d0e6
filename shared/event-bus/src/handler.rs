//! What a service does with an event.

use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use shared_contracts::event::CloudEvent;
use shared_postgres::{AsyncPgConnection, DbError};
use std::future::Future;

/// Handles the events of one queue.
pub trait Handler: Send + Sync + 'static {
    /// Handles one event inside the transaction of `conn`, which also notes that it was handled.
    ///
    /// An error rolls all of it back. What cannot be rolled back (sockets, Redis) belongs into the [`After`].
    fn handle(
        &self,
        conn: &mut AsyncPgConnection,
        event: &Incoming,
    ) -> impl Future<Output = Result<After, HandlerError>> + Send;
}

/// A delivered event.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The event.
    pub event: CloudEvent,
    /// The trace it belongs to, from the message header `traceparent`.
    pub traceparent: Option<String>,
}

impl Incoming {
    /// The routing key: one of [`shared_contracts::event::key`].
    pub fn kind(&self) -> &str {
        &self.event.kind
    }

    /// The payload.
    ///
    /// # Errors
    /// [`HandlerError::Permanent`] if it is of another shape.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, HandlerError> {
        T::deserialize(&self.event.data).map_err(HandlerError::permanent)
    }
}

/// What is done once the transaction is committed: best effort, not repeated should the process die in between.
#[must_use]
#[derive(Default)]
pub struct After(Option<BoxFuture<'static, ()>>);

impl After {
    /// Nothing more.
    pub fn nothing() -> Self {
        Self(None)
    }

    /// Runs `effect` after the commit and before the next delivery; it is given up after 5 s.
    pub fn run(effect: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(effect)))
    }

    pub(crate) fn take(self) -> Option<BoxFuture<'static, ()>> {
        self.0
    }
}

impl std::fmt::Debug for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "After(effect)"
        } else {
            "After(nothing)"
        })
    }
}

/// Why an event was not handled, which says what happens to it.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// A store or a peer that all events need is away: tried until it is back, without becoming a dead letter.
    #[error("a part that is needed is away: {0}")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// May work later: tried a bounded number of times.
    #[error("failed for now: {0}")]
    Transient(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Will never work: a dead letter at once.
    #[error("cannot be handled: {0}")]
    Permanent(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl HandlerError {
    /// See [`HandlerError::Away`].
    pub fn away(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Away(error.into())
    }

    /// See [`HandlerError::Transient`].
    pub fn transient(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Transient(error.into())
    }

    /// See [`HandlerError::Permanent`].
    pub fn permanent(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Permanent(error.into())
    }
}

impl From<DbError> for HandlerError {
    fn from(error: DbError) -> Self {
        if error.is_unavailable() {
            Self::Away(Box::new(error))
        } else {
            Self::Transient(Box::new(error))
        }
    }
}

impl From<diesel::result::Error> for HandlerError {
    fn from(error: diesel::result::Error) -> Self {
        DbError::from(error).into()
    }
}
