//! What is kept: accounts, sessions and keys in PostgreSQL; revocations, failures and a cache in Redis.

pub(crate) mod directory;
pub(crate) mod keys;
pub(crate) mod lockout;
pub(crate) mod revocations;
mod schema;
pub(crate) mod sessions;
pub(crate) mod users;

use diesel_migrations::embed_migrations;
use shared_postgres::EmbeddedMigrations;

/// The migrations of `auth_db`.
pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/auth");
