//! Puts the service together.

use crate::{
    Config,
    events::{self, Listener},
    http,
    identity::{self, Gate},
    mentions,
    socket::{self, Cors, Door, Live},
};
use axum::{Router, middleware};
use shared_event_bus::{Consumer, Settings};
use shared_postgres::DbError;
use shared_redis::{Redis, RedisError};
use shared_service::{PeerClient, Readiness, ServiceTokens, UserDirectory};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

/// The database of edge limits and revocations.
const REVOCATIONS_DATABASE: u8 = 0;
/// This service's own database.
const OWN_DATABASE: u8 = 4;

/// Why the service could not start. Stores that are away are no reason; settings that make no sense are.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// `DATABASE_URL`.
    #[error("database: {0}")]
    Database(#[from] DbError),
    /// `REDIS_URL`.
    #[error("redis: {0}")]
    Redis(#[from] RedisError),
    /// `SERVICE_TOKEN_DIGESTS`.
    #[error("{0}")]
    Tokens(String),
    /// The Socket.IO server.
    #[error("socket.io: {0}")]
    Socket(Box<dyn std::error::Error + Send + Sync>),
}

/// The running service: routes, and what works in the background. Dropping it ends the background work.
pub struct Service {
    router: Router,
    live: Live,
    workers: Mutex<Option<(Consumer, mentions::Worker)>>,
    _keepers: JoinSet<()>,
}

impl Service {
    /// Starts it on a migrated database. PostgreSQL, Redis, RabbitMQ and auth may be away.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let pool = shared_postgres::connect(&config.database.url, config.database.pool)?;
        let redis = |database| Redis::connect(&config.redis.url, database, &config.redis.prefix);
        let tokens = ServiceTokens::parse(&config.service.service_token_digests);
        let tokens = tokens.map_err(|error| StartError::Tokens(error.to_string()))?;
        let auth = PeerClient::new(&config.auth_url, &config.service.service_token);

        let gate = Arc::new(Gate::new(auth.clone()));
        let door = Door::new(Arc::clone(&gate), tokens.clone(), config.web_origins.clone());
        let (layer, live) = socket::start(redis(OWN_DATABASE)?, door)
            .await
            .map_err(StartError::Socket)?;
        let mut keepers = JoinSet::new();
        keepers.spawn(identity::keep_keys(Arc::clone(&gate)));
        let ending = live.clone();
        let revocations = redis(REVOCATIONS_DATABASE)?;
        keepers.spawn(identity::keep_revocations(revocations, gate, move |revocation| {
            ending.end(revocation);
        }));

        let waker = mentions::Waker::default();
        let worker = mentions::Worker::spawn(pool.clone(), UserDirectory::new(auth), live.clone(), waker.clone());
        let bus = Settings::new(&config.events.url, &config.events.exchange, "notifications");
        let listener = Listener::new(live.clone(), waker);
        let consumer = Consumer::spawn(pool.clone(), bus, events::subscription(), listener);

        // Redis and RabbitMQ away: stored notifications are still served, and live ones catch up.
        let readiness = Readiness::new().needs_database(&pool);
        // Outside of the common routes, whose fallback would answer for Socket.IO.
        let cors = Cors::new(&config.web_origins, tokens.clone());
        let router = shared_service::app("notifications", http::routes(pool), tokens, readiness)
            .layer(layer)
            .layer(middleware::from_fn_with_state(cors, Cors::apply));
        Ok(Self {
            router,
            live,
            workers: Mutex::new(Some((consumer, worker))),
            _keepers: keepers,
        })
    }

    /// All routes, Socket.IO included.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Waits until events come in; for tests.
    pub async fn until_listening(&self) {
        loop {
            let connected = self.lock().as_ref().is_none_or(|(consumer, _)| consumer.is_connected());
            if connected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Stops listening to events, then closes the sockets.
    pub async fn close(&self) {
        let workers = self.lock().take();
        let stopping = async {
            if let Some((consumer, worker)) = workers {
                tokio::join!(consumer.shutdown(), worker.shutdown());
            }
        };
        // An event at hand may wait for a store that is away; sockets need not.
        if tokio::time::timeout(std::time::Duration::from_secs(3), stopping)
            .await
            .is_err()
        {
            tracing::warn!("the work at hand is left to another instance");
        }
        self.live.close().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Consumer, mentions::Worker)>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
