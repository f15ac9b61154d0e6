//! A service of its own for each test, with all it needs.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use clap::Parser;
use comments::{app, config::Config};
use serde_json::{Value, json};
use shared_contracts::event::CloudEvent;
use shared_event_bus::Endpoint;
use shared_service::Shutdown;
use shared_testkit::{AuthPeer, Client, ServiceTokens, TestDb, TestRedis, serve};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

/// The longest a condition may take to come true.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// Nobody listens here: what needs no RabbitMQ is tested without one.
const NOWHERE: &str = "amqp://guest:guest@127.0.0.1:1";

/// All fields of a comment.
pub(crate) const COMMENT: &str = "id postId content author { id username fullName avatarUrl } createdAt updatedAt";

/// The service and its stores.
pub(crate) struct World {
    pub(crate) db: TestDb,
    /// Its keys go with it.
    _redis: TestRedis,
    pub(crate) tokens: ServiceTokens,
    pub(crate) auth: AuthPeer,
    pub(crate) posts: PostsPeer,
    /// An anonymous client, through the edge.
    pub(crate) anyone: Client,
    pub(crate) address: SocketAddr,
    /// Dropping it ends relay and consumer.
    pub(crate) background: Endpoint,
    /// Cancelling it tells the instance to end.
    pub(crate) shutdown: Shutdown,
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
        let auth = AuthPeer::start(&tokens, "comments").await;
        let posts = PostsPeer::start().await;
        let mut config = Config::parse_from(["comments", "--database-url", ""]);
        config.service.service_token = tokens.token("comments").to_owned();
        config.service.service_token_digests = tokens.digests();
        config.database.url = db.url().to_owned();
        config.redis.url = redis.url().to_owned();
        config.redis.prefix = redis.prefix().to_owned();
        config.events.url = NOWHERE.to_owned();
        config.auth_url.clone_from(&auth.url);
        config.posts_url.clone_from(&posts.url);
        change(&mut config);
        let shutdown = Shutdown::new();
        let service = app::build(&config, shutdown.clone()).unwrap();
        let address = serve(service.router).await;
        let anyone = Client::edge(address, &tokens);
        let background = service.events;
        Self {
            db,
            _redis: redis,
            tokens,
            auth,
            posts,
            anyone,
            address,
            background,
            shutdown,
            config,
        }
    }

    /// An anonymous client of one more instance on the same stores, which lives until the guard is dropped.
    pub(crate) async fn another_instance(&self) -> (Client, Endpoint) {
        let service = app::build(&self.config, Shutdown::new()).unwrap();
        (Client::edge(serve(service.router).await, &self.tokens), service.events)
    }

    /// User 7, who wrote post 1.
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
}

/// Writes a comment on post 1; its id.
pub(crate) async fn write(client: &Client, content: &str) -> String {
    let payload = client.ask(&create("1", content)).await;
    payload["comment"]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{payload}"))
        .to_owned()
}

/// The mutation `createComment`.
pub(crate) fn create(post_id: &str, content: &str) -> String {
    let input = format!("{{ postId: {post_id}, content: {content:?} }}");
    format!("mutation {{ createComment(input: {input}) {{ success message code field comment {{ {COMMENT} }} }} }}")
}

/// The comments on post 1, newest first, their texts.
pub(crate) async fn read(client: &Client) -> Vec<String> {
    let payload = client
        .ask("{ getComments(postId: 1) { success comments { content } } }")
        .await;
    let comments = payload["comments"].as_array().unwrap();
    comments
        .iter()
        .map(|comment| comment["content"].as_str().unwrap().to_owned())
        .collect()
}

/// The part of posts that comments ask: post 1 is Ann's, others do not exist.
pub(crate) struct PostsPeer {
    url: String,
    answers: Arc<AtomicU16>,
}

impl PostsPeer {
    async fn start() -> Self {
        let answers = Arc::new(AtomicU16::new(200));
        let router = Router::new()
            .route("/internal/posts/{id}", get(post))
            .with_state(Arc::clone(&answers));
        Self {
            url: format!("http://{}", serve(router).await),
            answers,
        }
    }

    /// Answers with this status from now on; 200 is as at first.
    pub(crate) fn answer(&self, status: u16) {
        self.answers.store(status, Ordering::SeqCst);
    }
}

async fn post(State(answers): State<Arc<AtomicU16>>, Path(id): Path<i64>) -> Response {
    match (answers.load(Ordering::SeqCst), id) {
        (200, 1) => Json::<Value>(json!({ "postId": "1", "authorId": "7" })).into_response(),
        (200, _) => StatusCode::NOT_FOUND.into_response(),
        (status, _) => StatusCode::from_u16(status).unwrap().into_response(),
    }
}
