//! Work that nobody waits for ends: at the service, and at the database behind it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use axum::{Router, extract::State, routing::get};
use diesel::sql_types::BigInt;
use http::{Request, Version};
use http_body_util::Empty;
use hyper_util::{client::legacy::Client as HyperClient, rt::TokioExecutor};
use shared_contracts::Code;
use shared_postgres::{Pool, RunQueryDsl};
use shared_service::{
    ApiResult, CallContext, Caller, PeerClient, Readiness, ServiceTokens, Settings, Shutdown, app, serve_on,
};
use shared_testkit::{Client, TestDb, eventually};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(10);
/// Within this nothing of the work may be left; the best of three, as the machine may be busy with other things.
const SOON: Duration = Duration::from_millis(100);

/// A service that sleeps in its database.
struct World {
    _db: TestDb,
    watching: Pool,
    address: SocketAddr,
    shutdown: Shutdown,
}

impl World {
    async fn new() -> Self {
        let db = TestDb::new(&[]).await;
        let settings = shared_postgres::Settings {
            statement_timeout: Duration::from_secs(60),
            ..shared_postgres::Settings::new(db.url(), 1)
        };
        let pool = shared_postgres::connect_with(&settings).unwrap();
        let routes = Router::new()
            .route("/sleep", get(sleep))
            .route("/quick", get(quick))
            .route("/left", get(left))
            .with_state(pool);
        let settings = Settings {
            bind: None,
            service_token: String::new(),
            service_token_digests: String::new(),
            max_connections: 100,
            drain_seconds: 1,
        };
        let router = app("sleeper", routes, ServiceTokens::parse("").unwrap(), Readiness::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::new();
        let told = shutdown.clone();
        tokio::spawn(async move { serve_on(listener, &settings, router, told).await });
        Self {
            watching: db.pool(),
            _db: db,
            address,
            shutdown,
        }
    }

    /// How many statements sleep.
    async fn asleep(&self) -> i64 {
        let sql = "SELECT count(*) AS count FROM pg_stat_activity \
                   WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(%' \
                   AND pid <> pg_backend_pid()";
        let mut conn = self.watching.get().await.unwrap();
        let counted = diesel::sql_query(sql).get_result::<Count>(&mut conn).await;
        counted.unwrap().count
    }

    async fn sleeps(&self, statements: i64) {
        eventually(PATIENCE, || async { self.asleep().await == statements }).await;
    }

    /// The only connection to the database is free.
    async fn is_well(&self) {
        Client::new(self.address).get("/quick").await.expect_status(200);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn sleep(State(pool): State<Pool>) -> ApiResult<()> {
    let mut conn = pool.get().await?;
    diesel::sql_query("SELECT pg_sleep(30)").execute(&mut conn).await?;
    Ok(())
}

async fn quick(State(pool): State<Pool>) -> ApiResult<()> {
    let mut conn = pool.get().await?;
    diesel::sql_query("SELECT 1").execute(&mut conn).await?;
    Ok(())
}

/// Milliseconds that the caller gave.
async fn left(caller: Caller) -> String {
    let left = caller.deadline.map(|deadline| deadline - Instant::now());
    left.map_or(0, |left| left.as_millis()).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_answered_and_the_statement_ends_with_it() {
    let world = World::new().await;
    let mut waited = Duration::MAX;
    for _ in 0..3 {
        let client = Client::new(world.address).header("x-request-timeout-ms", "300");
        let began = Instant::now();
        let answer = client.get("/sleep").await.expect_status(504);
        assert_eq!(answer.problem().code, Code::DeadlineExceeded);
        assert!(answer.problem().request_id.is_some());
        assert!(began.elapsed() >= Duration::from_millis(300));
        let late = Instant::now();
        world.sleeps(0).await;
        waited = waited.min(late.elapsed());
    }
    assert!(waited < SOON, "{waited:?}");
    world.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closes_its_connection_ends_the_statement() {
    let world = World::new().await;
    let mut waited = Duration::MAX;
    for _ in 0..3 {
        let client = Client::new(world.address);
        let asking = tokio::spawn(async move { client.get("/sleep").await });
        world.sleeps(1).await;
        asking.abort();
        let gone = Instant::now();
        world.sleeps(0).await;
        waited = waited.min(gone.elapsed());
    }
    assert!(waited < SOON, "{waited:?}");
    world.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_reset_ends_its_statement_and_no_other() {
    let world = World::new().await;
    let http2 = HyperClient::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http::<Empty<bytes::Bytes>>();
    let ask = |path: &str| {
        let request = Request::get(format!("http://{}{path}", world.address)).version(Version::HTTP_2);
        http2.request(request.body(Empty::new()).unwrap())
    };
    let mut waited = Duration::MAX;
    for _ in 0..3 {
        let asking = tokio::spawn(ask("/sleep"));
        world.sleeps(1).await;
        asking.abort();
        let gone = Instant::now();
        world.sleeps(0).await;
        waited = waited.min(gone.elapsed());
        assert_eq!(ask("/left").await.unwrap().status(), 200);
    }
    assert!(waited < SOON, "{waited:?}");
    world.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_hears_what_is_left() {
    let world = World::new().await;
    let peer = PeerClient::new(&format!("http://{}", world.address), "");
    let ask = async |path, deadline| {
        let context = CallContext {
            deadline,
            ..CallContext::default()
        };
        peer.get_json::<u64>(path, &context).await
    };
    let own = ask("/left", None).await.unwrap();
    assert!((1_000..=2_000).contains(&own), "{own}");
    let short = ask("/left", Some(Instant::now() + Duration::from_millis(900)))
        .await
        .unwrap();
    assert!((1..=900).contains(&short), "{short}");
    let began = Instant::now();
    ask("/sleep", Some(began + Duration::from_millis(100)))
        .await
        .unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    world.sleeps(0).await;
}
