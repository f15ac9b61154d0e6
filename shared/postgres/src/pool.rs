//! A lazy pool whose waits are bounded.

use crate::DbError;
use bb8::RunError;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

type Manager = AsyncDieselConnectionManager<AsyncPgConnection>;

/// A connection out of the [`Pool`]; it goes back when dropped.
pub type Conn = bb8::PooledConnection<'static, Manager>;

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
            Ok(Ok(conn)) => Ok(conn),
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
    let mut config = ManagerConfig::default();
    // A lost connection is noticed by its task at once; asking the server each time would double the round trips.
    config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn: &mut AsyncPgConnection| {
        let broken = PoolableConnection::is_broken(conn);
        Box::pin(async move {
            if broken {
                return Err(diesel::result::Error::BrokenTransactionManager);
            }
            Ok(())
        })
    }));
    let (mark, wait) = (Arc::clone(&away), settings.wait);
    let statement_timeout = settings.statement_timeout.as_millis();
    config.custom_setup = Box::new(move |url| {
        let (mark, url) = (Arc::clone(&mark), url.to_owned());
        Box::pin(async move {
            let made = tokio::time::timeout(wait, establish(&url, statement_timeout)).await;
            let made = made.unwrap_or_else(|_| Err(bad_connection("connecting took too long")));
            let was_away = mark.swap(made.is_err(), Ordering::Relaxed);
            match &made {
                Ok(_) if was_away => tracing::info!("the database is back"),
                Err(error) if !was_away => tracing::warn!(%error, "the database is away"),
                _ => {}
            }
            made
        })
    });
    let inner = bb8::Pool::builder()
        .max_size(settings.max_size.max(1))
        .connection_timeout(settings.wait)
        .idle_timeout(Some(Duration::from_secs(300)))
        .build_unchecked(Manager::new_with_config(url, config));
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

async fn establish(url: &str, statement_timeout: u128) -> diesel::ConnectionResult<AsyncPgConnection> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    // A transaction whose owner went away must not hold its locks for long.
    let set = format!("SET statement_timeout = {statement_timeout}; SET idle_in_transaction_session_timeout = 30000");
    conn.batch_execute(&set)
        .await
        .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

fn bad_connection(text: &str) -> diesel::ConnectionError {
    diesel::ConnectionError::BadConnection(text.to_owned())
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
