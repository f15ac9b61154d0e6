//! A world for one test: stores of its own, a stand-in for auth, as many instances as it wants, and what events say.

mod auth;
mod happen;
mod sio;

pub(crate) use auth::Auth;
pub(crate) use sio::Sio;

use notifications::{Config, MIGRATIONS, Service};
use shared_contracts::event::{CloudEvent, EXCHANGE};
use shared_testkit::{Client, ServiceTokens, TestDb, TestRedis, TestVhost, eventually};
use std::{net::SocketAddr, time::Duration};

/// How long something may take that should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Users that auth knows.
pub(crate) const ANN: i64 = 1;
pub(crate) const BOB: i64 = 2;
pub(crate) const CARL: i64 = 3;

pub(crate) struct World {
    pub(crate) db: TestDb,
    pub(crate) vhost: TestVhost,
    pub(crate) redis: TestRedis,
    pub(crate) tokens: ServiceTokens,
    pub(crate) auth: Auth,
}

/// A running instance; it ends with this guard.
pub(crate) struct Instance {
    pub(crate) service: Service,
    pub(crate) address: SocketAddr,
    tokens: ServiceTokens,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self {
            db: TestDb::new(MIGRATIONS).await,
            vhost: TestVhost::new().await,
            redis: TestRedis::new(),
            tokens: ServiceTokens::new(),
            auth: Auth::start().await,
        }
    }

    /// A world with one instance that listens to events.
    pub(crate) async fn with_instance() -> (Self, Instance) {
        let world = Self::new().await;
        let instance = world.start().await;
        (world, instance)
    }

    pub(crate) async fn start(&self) -> Instance {
        self.start_with(&self.config()).await
    }

    pub(crate) async fn start_with(&self, config: &Config) -> Instance {
        let service = Service::start(config).await.unwrap();
        service.until_listening().await;
        let address = shared_testkit::serve(service.router()).await;
        Instance {
            service,
            address,
            tokens: self.tokens.clone(),
        }
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            service: shared_service::Settings {
                bind: None,
                service_token: self.tokens.token("notifications").into(),
                service_token_digests: self.tokens.digests(),
                max_connections: 1_000,
                drain_seconds: 1,
            },
            database: shared_service::DatabaseSettings {
                url: self.db.url().into(),
                pool: 4,
            },
            redis: shared_service::RedisSettings {
                url: self.redis.url().into(),
                prefix: self.redis.prefix().into(),
            },
            events: shared_service::EventSettings {
                url: self.vhost.url().into(),
                exchange: EXCHANGE.into(),
            },
            auth_url: self.auth.url(),
            web_origins: vec!["http://localhost:5173".into()],
        }
    }

    /// Publishes an event that the service listens to.
    pub(crate) async fn happens(&self, event: &CloudEvent) {
        assert!(
            self.vhost.publish(EXCHANGE, event).await,
            "nobody listens to {}",
            event.kind
        );
    }
}

impl Instance {
    /// A client that comes directly, with nothing.
    pub(crate) fn direct(&self) -> Client {
        Client::new(self.address)
    }

    /// A client whom the edge vouches for.
    pub(crate) fn through_edge(&self, user: i64, name: &str) -> Client {
        Client::edge(self.address, &self.tokens).as_user(user, name)
    }

    /// A client whom the edge lets through without knowing who it is.
    pub(crate) fn through_edge_unknown(&self) -> Client {
        Client::edge(self.address, &self.tokens)
    }

    /// A socket of a user, subscribed to the user's notifications.
    pub(crate) async fn subscribed(&self, user: i64, name: &str) -> Sio {
        let mut socket = Sio::open(self.through_edge(user, name)).await.unwrap();
        assert_eq!(socket.call("subscribe", &user.into()).await["ok"], true);
        socket
    }

    /// Waits until the user has `count` stored notifications; the answer, newest first.
    pub(crate) async fn inbox(&self, user: i64, count: usize) -> serde_json::Value {
        let client = self.through_edge(user, "someone");
        eventually(SOON, || async {
            let page = client.get("/api/notifications").await.expect_status(200).json();
            (page["notifications"].as_array().unwrap().len() == count).then_some(page)
        })
        .await
    }
}
