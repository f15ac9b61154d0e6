//! The PostgreSQL connection concern: pool, migrations, error classes.
//!
//! ```no_run
//! # async fn example() -> Result<(), shared_postgres::DbError> {
//! use shared_postgres::{AsyncConnection, DbError, RunQueryDsl};
//!
//! let pool = shared_postgres::connect("postgres://newfeed@127.0.0.1/post_db", 10)?;
//! let mut conn = shared_postgres::conn(&pool).await?;
//! conn.transaction::<_, DbError, _>(async |conn| {
//!     diesel::sql_query("SELECT 1").execute(conn).await?;
//!     Ok(())
//! })
//! .await
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod error;
mod manager;
mod migrate;
mod pool;
mod running;

pub use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
pub use diesel_migrations::EmbeddedMigrations;
pub use error::DbError;
pub use migrate::{migrate, migrate_within};
pub use pool::{Conn, Pool, Settings, conn, connect, connect_with, ping};
