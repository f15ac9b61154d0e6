//! What the service is made of, and how the parts are put together.

use crate::cache::PostCache;
use crate::config::{Config, REDIS_DATABASE};
use crate::{events, graphql, http, store};
use axum::Router;
use shared_event_bus::{Bus, Endpoint};
use shared_postgres::{DbError, EmbeddedMigrations, Pool};
use shared_redis::Redis;
use shared_service::{PeerClient, Readiness, ServiceTokens, UserDirectory, regardless};

/// The service's name: in paths, logs, events and queues.
pub const NAME: &str = "posts";

/// What brings an empty database up to date.
pub const MIGRATIONS: &[EmbeddedMigrations] = &[store::MIGRATIONS, shared_event_bus::MIGRATIONS];

/// What every operation needs; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub pool: Pool,
    /// What is cached in Redis.
    pub cache: PostCache,
    /// Who the authors are.
    pub users: UserDirectory,
    /// To be woken after a commit that has something to say.
    pub bus: Bus,
}

impl App {
    /// A change of this post is committed: others hear of it, even if whoever asked for it has left.
    pub async fn committed(&self, post_id: i64) {
        self.bus.wake();
        let cache = self.cache.clone();
        regardless(async move { cache.changed(post_id).await }).await;
    }
}

/// The service, ready to be served.
pub struct Service {
    /// All it answers.
    pub router: Router,
    /// What it does unasked.
    pub events: Endpoint,
}

/// Brings the database up to date. Waits for it at start.
///
/// # Errors
/// As [`shared_postgres::migrate`].
pub async fn migrate(config: &Config) -> Result<(), DbError> {
    shared_postgres::migrate(&config.database.url, MIGRATIONS).await
}

/// Puts the parts together and starts relay and consumer. Stores may be away; the database must have been migrated.
///
/// # Errors
/// A setting that cannot be read.
pub fn build(config: &Config) -> Result<Service, Box<dyn std::error::Error + Send + Sync>> {
    let tokens = ServiceTokens::parse(&config.service.service_token_digests)?;
    let pool = shared_postgres::connect(&config.database.url, config.database.pool)?;
    let redis = Redis::connect(&config.redis.url, REDIS_DATABASE, &config.redis.prefix)?;
    let auth = PeerClient::new(&config.auth_url, &config.service.service_token);
    let app = App {
        pool: pool.clone(),
        cache: PostCache::new(redis),
        users: UserDirectory::new(auth),
        bus: Bus::new(),
    };
    let bus = shared_event_bus::Settings::new(&config.events.url, &config.events.exchange, NAME);
    let events = Endpoint::spawn(
        pool.clone(),
        bus,
        app.bus.clone(),
        events::subscription(),
        events::Listener::new(&app),
    );
    let readiness = Readiness::new().needs_database(&pool);
    let routes = graphql::routes(&app).merge(http::routes(app));
    Ok(Service {
        router: shared_service::app(NAME, routes, tokens, readiness),
        events,
    })
}
