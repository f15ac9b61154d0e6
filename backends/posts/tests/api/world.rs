//! A service of its own for each test, with all it needs.

use clap::Parser;
use posts::app;
use posts::config::Config;
use serde_json::Value;
use shared_contracts::event::CloudEvent;
use shared_event_bus::Endpoint;
use shared_testkit::{AuthPeer, Client, ServiceTokens, TestDb, TestRedis, serve};
use std::net::SocketAddr;
use std::time::Duration;

/// The longest a condition may take to come true.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// Nobody listens here: what needs no RabbitMQ is tested without one.
const NOWHERE: &str = "amqp://guest:guest@127.0.0.1:1";

/// All fields of a post.
pub(crate) const POST: &str = "id content postType mediaUrls author { id username fullName avatarUrl } likeCount \
    likedByMe commentCount createdAt updatedAt";

/// One or several instances of the service and their stores.
pub(crate) struct World {
    pub(crate) db: TestDb,
    pub(crate) redis: TestRedis,
    pub(crate) tokens: ServiceTokens,
    pub(crate) auth: AuthPeer,
    /// An anonymous client of the first instance, through the edge.
    pub(crate) anyone: Client,
    pub(crate) address: SocketAddr,
    /// Dropping it ends relay and consumer of the first instance.
    pub(crate) background: Endpoint,
    config: Config,
}

impl World {
    /// A service without RabbitMQ.
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// A service whose settings are changed before it starts.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (db, redis, tokens) = (
            TestDb::new(app::MIGRATIONS).await,
            TestRedis::new(),
            ServiceTokens::new(),
        );
        let auth = AuthPeer::start(&tokens, "posts").await;
        let mut config = Config::parse_from(["posts", "--database-url", ""]);
        config.service.service_token = tokens.token("posts").to_owned();
        config.service.service_token_digests = tokens.digests();
        config.database.url = db.url().to_owned();
        config.redis.url = redis.url().to_owned();
        config.redis.prefix = redis.prefix().to_owned();
        config.events.url = NOWHERE.to_owned();
        config.auth_url = auth.url.clone();
        change(&mut config);
        let (address, background) = start(&config).await;
        let anyone = Client::edge(address, &tokens);
        Self {
            db,
            redis,
            tokens,
            auth,
            anyone,
            address,
            background,
            config,
        }
    }

    /// A client of one more instance on the same stores.
    pub(crate) async fn another_instance(&self, change: impl FnOnce(&mut Config)) -> (Client, Endpoint) {
        let mut config = Config::parse_from(["posts", "--database-url", ""]);
        config.service = self.config.service.clone();
        config.database.url.clone_from(&self.config.database.url);
        config.redis.url.clone_from(&self.config.redis.url);
        config.redis.prefix.clone_from(&self.config.redis.prefix);
        config.events.url.clone_from(&self.config.events.url);
        config.auth_url.clone_from(&self.config.auth_url);
        change(&mut config);
        let (address, background) = start(&config).await;
        (Client::edge(address, &self.tokens), background)
    }

    /// User 7.
    pub(crate) fn ann(&self) -> Client {
        self.anyone.as_user(7, "ann")
    }

    /// User 8.
    pub(crate) fn bob(&self) -> Client {
        self.anyone.as_user(8, "bob")
    }

    /// What the service has to say and could not yet.
    pub(crate) async fn outbox(&self) -> Vec<CloudEvent> {
        let mut conn = self.db.pool().get().await.unwrap();
        shared_event_bus::outbox::pending(&mut conn, app::NAME, 1000)
            .await
            .unwrap()
    }

    /// The routing keys of [`World::outbox`].
    pub(crate) async fn said(&self) -> Vec<String> {
        self.outbox().await.into_iter().map(|event| event.kind).collect()
    }
}

async fn start(config: &Config) -> (SocketAddr, Endpoint) {
    let service = app::build(config).unwrap();
    (serve(service.router).await, service.events)
}

/// Writes a post; its id.
pub(crate) async fn write(client: &Client, content: &str) -> String {
    let query = format!("mutation {{ createPost(input: {{ content: {content:?} }}) {{ success post {{ id }} }} }}");
    let payload = client.ask(&query).await;
    payload["post"]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{payload}"))
        .to_owned()
}

/// One post with all fields, or null.
pub(crate) async fn read(client: &Client, id: &str) -> Value {
    client
        .ask(&format!("{{ getPost(id: {id}) {{ success post {{ {POST} }} }} }}"))
        .await["post"]
        .clone()
}

/// The first page of the feed, with all fields.
pub(crate) async fn feed(client: &Client) -> Vec<Value> {
    let payload = client
        .ask(&format!("{{ getPosts {{ success posts {{ {POST} }} }} }}"))
        .await;
    payload["posts"].as_array().unwrap().clone()
}
