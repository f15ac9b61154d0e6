//! A PostgreSQL database for one test.

use crate::{blocking, env};
use shared_postgres::{AsyncConnection, AsyncPgConnection, EmbeddedMigrations, Pool, SimpleAsyncConnection};

/// A fresh database, dropped with this guard.
#[derive(Debug)]
pub struct TestDb {
    name: String,
    url: String,
    pool: Pool,
}

impl TestDb {
    /// Creates the database at `TEST_DATABASE_URL` and runs the migrations, e.g.
    /// `TestDb::new(&[MIGRATIONS, shared_event_bus::MIGRATIONS])`.
    ///
    /// # Panics
    /// If that fails.
    pub async fn new(migrations: &'static [EmbeddedMigrations]) -> Self {
        let name = env::unique("test");
        let admin = env::variable("TEST_DATABASE_URL");
        execute(&admin, &format!("CREATE DATABASE {name}"))
            .await
            .expect("a database for the test");
        let mut url = url::Url::parse(&admin).expect("TEST_DATABASE_URL is a URL");
        url.set_path(&name);
        let url = String::from(url);
        let pool = shared_postgres::connect(&url, 5).expect("a pool");
        let database = Self { name, url, pool };
        shared_postgres::migrate(&database.url, migrations)
            .await
            .expect("migrations that work");
        database
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A pool of five connections to it.
    pub fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// Runs SQL in it, one or several statements. Where `RunQueryDsl` is in scope, call it as `TestDb::execute(&db, …)`.
    ///
    /// # Panics
    /// If that fails.
    pub async fn execute(&self, sql: &str) {
        execute(&self.url, sql).await.expect("SQL that works");
    }

    /// Ends all connections to it, as a restart of the server does.
    ///
    /// # Panics
    /// If that fails.
    pub async fn disconnect_all(&self) {
        let admin = env::variable("TEST_DATABASE_URL");
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        );
        execute(&admin, &sql).await.expect("connections that end");
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        blocking::run("dropping the test's database", async move {
            execute(&env::variable("TEST_DATABASE_URL"), &sql).await
        });
    }
}

async fn execute(url: &str, sql: &str) -> Result<(), String> {
    let mut conn = AsyncPgConnection::establish(url)
        .await
        .map_err(|error| format!("cannot connect: {error}"))?;
    conn.batch_execute(sql).await.map_err(|error| format!("{sql}: {error}"))
}
