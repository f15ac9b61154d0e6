//! Embedded migrations, run at start under a lock.

use crate::DbError;
use crate::pool::with_socket_bounds;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Key of the advisory lock that one migrating process holds; PostgreSQL scopes it to the database.
const LOCK: i64 = 0x6e66_6d69_6772;
/// How long [`migrate`] waits for a database that is not up yet.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long another instance may migrate.
const LOCK_WAIT: Duration = Duration::from_secs(120);
/// The pause between two attempts to connect or to get the lock.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs what is pending of each set, in the order given; several instances may do so at once.
///
/// `sets` is a list of constants, e.g. `&[MIGRATIONS, shared_event_bus::MIGRATIONS]`. They share the table
/// `__diesel_schema_migrations`, so their versions must differ. Waits up to 30 s for the database.
///
/// # Errors
/// [`DbError::Unavailable`] if the database stayed away, [`DbError::Internal`] if a migration failed (its transaction
/// is rolled back).
pub async fn migrate(url: &str, sets: &'static [EmbeddedMigrations]) -> Result<(), DbError> {
    migrate_within(PATIENCE, url, sets).await
}

/// As [`migrate`], waiting up to `patience` for the database.
///
/// # Errors
/// As [`migrate`].
pub async fn migrate_within(patience: Duration, url: &str, sets: &'static [EmbeddedMigrations]) -> Result<(), DbError> {
    refuse_twins(sets)?;
    let mut conn = connect_within(patience, &with_socket_bounds(url)?).await?;
    lock(&mut conn).await?;
    // diesel's migrations are synchronous; the wrapper blocks a thread made for that on the asynchronous connection.
    let done = tokio::task::spawn_blocking(move || run(AsyncConnectionWrapper::from(conn), sets));
    done.await.map_err(|error| DbError::Internal(Box::new(error)))?
}

/// Runs what is pending. The lock goes with the connection.
fn run(
    mut conn: AsyncConnectionWrapper<AsyncPgConnection>,
    sets: &'static [EmbeddedMigrations],
) -> Result<(), DbError> {
    for set in sets {
        for version in conn.run_pending_migrations(Borrowed(set)).map_err(DbError::Internal)? {
            tracing::info!(%version, "migrated");
        }
    }
    Ok(())
}

async fn connect_within(patience: Duration, url: &str) -> Result<AsyncPgConnection, DbError> {
    let deadline = Instant::now() + patience;
    loop {
        match tokio::time::timeout_at(deadline, AsyncPgConnection::establish(url)).await {
            Ok(Ok(conn)) => return Ok(conn),
            Ok(Err(error)) if Instant::now() >= deadline => return Err(DbError::Unavailable(error.to_string())),
            Err(_) => return Err(DbError::Unavailable("the server does not answer".into())),
            Ok(Err(error)) => {
                tracing::debug!(%error, "waiting for the database");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Locked {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    locked: bool,
}

/// Takes the lock by asking again and again: one who waits inside a statement would hold up `CREATE INDEX CONCURRENTLY`.
async fn lock(conn: &mut AsyncPgConnection) -> Result<(), DbError> {
    conn.batch_execute("SET statement_timeout = 60000").await?;
    let deadline = Instant::now() + LOCK_WAIT;
    let query = format!("SELECT pg_try_advisory_lock({LOCK}) AS locked");
    while !diesel::sql_query(&query).get_result::<Locked>(conn).await?.locked {
        if Instant::now() >= deadline {
            return Err(DbError::Unavailable(
                "another process has been migrating for too long".into(),
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Two migrations of one version would make the second look done.
fn refuse_twins(sets: &'static [EmbeddedMigrations]) -> Result<(), DbError> {
    let mut seen = BTreeMap::new();
    for set in sets {
        for migration in Borrowed(set).migrations().map_err(DbError::Internal)? {
            let name = migration.name().to_string();
            if let Some(twin) = seen.insert(migration.name().version().to_string(), name.clone()) {
                return Err(DbError::internal(format!(
                    "the migrations {twin} and {name} have the same version"
                )));
            }
        }
    }
    Ok(())
}

/// A set that is only borrowed; diesel wants to own what it runs.
struct Borrowed(&'static EmbeddedMigrations);

impl MigrationSource<Pg> for Borrowed {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Pg>>>> {
        self.0.migrations()
    }
}
