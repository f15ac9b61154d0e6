//! Puts the service together.

use crate::{http, storage::Storage};
use axum::Router;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use shared_event_bus::Bus;
use shared_postgres::Pool;
use shared_service::{Readiness, ServiceTokens};
use std::sync::Arc;

/// The service's name on the wire.
pub const NAME: &str = "media";

/// What the database needs, in this order.
pub const MIGRATIONS: &[EmbeddedMigrations] = &[
    embed_migrations!("../../migrations/media"),
    shared_event_bus::MIGRATIONS,
];

/// What handlers need.
#[derive(Clone)]
pub struct Context {
    /// `media_db`.
    pub pool: Pool,
    /// Where the bytes are.
    pub storage: Arc<dyn Storage>,
    /// Wakes the outbox relay.
    pub bus: Bus,
}

/// The whole service as a router.
pub fn app(context: Context, tokens: ServiceTokens) -> Router {
    let storage = Arc::clone(&context.storage);
    let readiness = Readiness::new()
        .needs_database(&context.pool)
        .needs("storage", move || {
            let storage = Arc::clone(&storage);
            async move { storage.ready().await }
        });
    shared_service::app(NAME, http::routes(context), tokens, readiness)
}
