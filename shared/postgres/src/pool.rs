//! A lazy pool whose waits are bounded.

use crate::DbError;
use crate::manager::Manager;
use bb8::RunError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A connection out of the [`Pool`]; it goes back when dropped.
///
/// Dropped in the middle of a statement or a transaction, as when the future that uses it is, it is closed instead: the
/// server is told to end the statement, and rolls the transaction back.
pub struct Conn(bb8::PooledConnection<'static, Manager>);

impl Deref for Conn {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.0.conn
    }
}

impl DerefMut for Conn {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.0.conn
    }
}

/// How long a caller waits for a connection while there is none and the last attempt to make one has failed.
const WAIT_WHILE_AWAY: Duration = Duration::from_millis(300);

/// How to reach a database.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `postgres://user[:password]@host[:port]/database`.
    pub url: String,
    /// Most connections at a time; at least 1.
    pub max_size: u32,
    /// Longest wait for a connection; shorter while the database is known to be away.
    pub wait: Duration,
    /// Longest run of one statement; the server ends it then. Whole milliseconds.
    pub statement_timeout: Duration,
}

impl Settings {
    /// The usual bounds: 2 s for a connection, 5 s for a statement.
    pub fn new(url: impl Into<String>, max_size: u32) -> Self {
        Self {
            url: url.into(),
            max_size,
            wait: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
        }
    }
}

/// Connections to one database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Pool {
    inner: bb8::Pool<Manager>,
    away: Arc<AtomicBool>,
    wait: Duration,
}

impl Pool {
    /// A connection that looked alive when it was handed out.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when none was to be had in time.
    pub async fn get(&self) -> Result<Conn, DbError> {
        let away = self.away.load(Ordering::Relaxed) && self.inner.state().connections == 0;
        let wait = if away {
            self.wait.min(WAIT_WHILE_AWAY)
        } else {
            self.wait
        };
        match tokio::time::timeout(wait, self.inner.get_owned()).await {
            Ok(Ok(conn)) => Ok(Conn(conn)),
            Ok(Err(RunError::User(error))) => Err(DbError::Unavailable(error.to_string())),
            Ok(Err(RunError::TimedOut)) | Err(_) => Err(DbError::Unavailable(format!(
                "no connection within {} ms",
                wait.as_millis()
            ))),
        }
    }
}

/// A pool with the usual bounds ([`Settings::new`]); nothing is connected yet, so the database may be away.
///
/// Must be called within a tokio runtime.
///
/// # Errors
/// [`DbError::Internal`] if `url` is not a PostgreSQL URL.
pub fn connect(url: &str, max_size: u32) -> Result<Pool, DbError> {
    connect_with(&Settings::new(url, max_size))
}

/// As [`connect`], with bounds of one's own.
///
/// # Errors
/// [`DbError::Internal`] if the URL is not a PostgreSQL URL.
pub fn connect_with(settings: &Settings) -> Result<Pool, DbError> {
    let url = with_socket_bounds(&settings.url)?;
    let away = Arc::new(AtomicBool::new(false));
    let wait = settings.wait;
    let manager = Manager {
        url,
        wait,
        statement_timeout: settings.statement_timeout,
        away: Arc::clone(&away),
    };
    let inner = bb8::Pool::builder()
        .max_size(settings.max_size.max(1))
        .connection_timeout(settings.wait)
        .idle_timeout(Some(Duration::from_secs(300)))
        .build_unchecked(manager);
    Ok(Pool { inner, away, wait })
}

/// A connection out of the pool; see [`Pool::get`].
///
/// # Errors
/// [`DbError::Unavailable`] when none was to be had in time.
pub async fn conn(pool: &Pool) -> Result<Conn, DbError> {
    pool.get().await
}

/// Asks the server to answer; for readiness checks. Takes at most the pool's wait twice.
///
/// # Errors
/// [`DbError::Unavailable`] when it does not.
pub async fn ping(pool: &Pool) -> Result<(), DbError> {
    let mut conn = pool.get().await?;
    let asked = tokio::time::timeout(pool.wait, conn.batch_execute("SELECT 1"));
    match asked.await {
        Ok(answer) => answer.map_err(DbError::from),
        Err(_) => Err(DbError::Unavailable("the server does not answer".into())),
    }
}

/// Adds what notices a peer that vanished without a word: unacknowledged data and silence end the connection.
pub(crate) fn with_socket_bounds(url: &str) -> Result<String, DbError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(DbError::internal("the database URL must start with postgres://"));
    }
    let mut url = url.to_owned();
    let bounds = [
        "connect_timeout=2",
        "tcp_user_timeout=5000",
        "keepalives_idle=10",
        "keepalives_interval=5",
    ];
    for bound in bounds {
        let name = bound.split('=').next().unwrap_or_default();
        if !url.contains(name) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(bound);
        }
    }
    Ok(url)
}
