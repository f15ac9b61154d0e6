//! How the pool makes connections, and which of them it takes back.

use crate::running::{Running, cancel};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Makes connections to one database.
#[derive(Debug)]
pub(crate) struct Manager {
    /// Bounds of the socket included.
    pub(crate) url: String,
    /// Longest time to connect.
    pub(crate) wait: Duration,
    /// Longest run of one statement.
    pub(crate) statement_timeout: Duration,
    /// Whether the last attempt to connect failed.
    pub(crate) away: Arc<AtomicBool>,
}

/// A connection, and what runs on it.
pub(crate) struct Session {
    pub(crate) conn: AsyncPgConnection,
    running: Running,
}

impl Manager {
    async fn establish(&self) -> ConnectionResult<Session> {
        let mut conn = AsyncPgConnection::establish(&self.url).await?;
        // A transaction whose owner went away must not hold its locks for long.
        let set = format!(
            "SET statement_timeout = {}; SET idle_in_transaction_session_timeout = 30000",
            self.statement_timeout.as_millis()
        );
        conn.batch_execute(&set)
            .await
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        let running = Running::default();
        conn.set_instrumentation(running.clone());
        Ok(Session { conn, running })
    }
}

impl bb8::ManageConnection for Manager {
    type Connection = Session;
    type Error = ConnectionError;

    async fn connect(&self) -> ConnectionResult<Session> {
        let made = tokio::time::timeout(self.wait, self.establish()).await;
        let made = made.unwrap_or_else(|_| Err(bad_connection("connecting took too long")));
        let was_away = self.away.swap(made.is_err(), Ordering::Relaxed);
        match &made {
            Ok(_) if was_away => tracing::info!("the database is back"),
            Err(error) if !was_away => tracing::warn!(%error, "the database is away"),
            _ => {}
        }
        made
    }

    /// A lost connection is noticed by its task at once; asking the server each time would double the round trips.
    async fn is_valid(&self, session: &mut Session) -> ConnectionResult<()> {
        match session.conn.is_broken() {
            true => Err(bad_connection("the connection is lost")),
            false => Ok(()),
        }
    }

    /// Asked of each connection that comes back. One with a statement under way was dropped in the middle of it: its
    /// caller has left or its time is over.
    fn has_broken(&self, session: &mut Session) -> bool {
        if session.running.is_any() {
            cancel(session.conn.cancel_token());
            return true;
        }
        std::thread::panicking() || session.conn.is_broken()
    }
}

fn bad_connection(text: &str) -> ConnectionError {
    ConnectionError::BadConnection(text.to_owned())
}
