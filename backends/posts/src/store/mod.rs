//! The queries, one file a table. Every function takes the connection, so that the caller decides what is one transaction.

pub mod comment_refs;
pub mod likes;
pub mod posts;
pub mod schema;

use shared_postgres::EmbeddedMigrations;

/// What makes the tables; embedded, so that the program needs no file beside it.
pub const MIGRATIONS: EmbeddedMigrations = diesel_migrations::embed_migrations!("../../migrations/posts");
