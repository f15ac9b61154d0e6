//! The pool: bb8 over multiplexed connections, forgetting those that share a failure.

use bb8_redis::RedisConnectionManager;
use redis::aio::MultiplexedConnection;
use redis::{Client, RedisError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes connections and tells stale ones without asking the server.
pub(crate) struct Manager {
    inner: RedisConnectionManager,
    generation: Arc<AtomicU64>,
}

/// A connection and the generation it belongs to.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) conn: MultiplexedConnection,
    pub(crate) generation: u64,
}

impl Manager {
    pub(crate) fn new(client: &Client, generation: Arc<AtomicU64>) -> Result<Self, RedisError> {
        let inner = RedisConnectionManager::new(client.get_connection_info().clone())?;
        Ok(Self { inner, generation })
    }

    fn is_stale(&self, slot: &Slot) -> bool {
        // When one connection broke, its older siblings most likely did too: a restart cuts them all.
        slot.generation < self.generation.load(Ordering::Relaxed)
    }
}

impl bb8::ManageConnection for Manager {
    type Connection = Slot;
    type Error = RedisError;

    async fn connect(&self) -> Result<Slot, RedisError> {
        let generation = self.generation.load(Ordering::Relaxed);
        let conn = self.inner.connect().await?;
        Ok(Slot { conn, generation })
    }

    async fn is_valid(&self, slot: &mut Slot) -> Result<(), RedisError> {
        if self.is_stale(slot) {
            return Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted).into());
        }
        Ok(())
    }

    fn has_broken(&self, slot: &mut Slot) -> bool {
        self.is_stale(slot)
    }
}
