//! A service in the small, for the bus's tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    reason = "each test uses a part"
)]

use diesel::sql_types::{BigInt, Text};
use shared_contracts::event::CloudEvent;
use shared_event_bus::{
    After, Bus, Consumer, EventDraft, Handler, HandlerError, Incoming, Relay, Settings, Subscription, outbox,
};
use shared_postgres::{AsyncConnection, AsyncPgConnection, DbError, Pool, RunQueryDsl};
use shared_testkit::{TestDb, TestVhost, eventually};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Long enough for a loaded machine.
pub const SOON: Duration = Duration::from_secs(30);
/// The exchange.
pub const EXCHANGE: &str = "newfeed.test";

/// A database with the bus's tables and one for effects, and a vhost.
pub struct World {
    pub db: TestDb,
    pub vhost: TestVhost,
}

impl World {
    pub async fn new() -> Self {
        let db = TestDb::new(&[shared_event_bus::MIGRATIONS]).await;
        TestDb::execute(
            &db,
            "CREATE TABLE effects (id BIGINT GENERATED ALWAYS AS IDENTITY, value TEXT NOT NULL)",
        )
        .await;
        Self {
            db,
            vhost: TestVhost::new().await,
        }
    }

    pub fn pool(&self) -> Pool {
        self.db.pool()
    }

    pub fn settings(&self) -> Settings {
        Settings::new(self.vhost.url(), EXCHANGE, "tests")
    }

    pub fn relay(&self, settings: Settings) -> (Relay, Bus) {
        let bus = Bus::new();
        (Relay::spawn(self.pool(), settings, bus.clone()), bus)
    }

    /// A consumer of `thing.*` on the queue `things`, ready.
    pub async fn consumer(&self, handler: Recorder) -> Consumer {
        self.consumer_at(self.settings(), self.pool(), handler).await
    }

    pub async fn consumer_at(&self, settings: Settings, pool: Pool, handler: Recorder) -> Consumer {
        let quick = Subscription {
            first_pause: Duration::from_millis(20),
            ..Subscription::new("things", ["thing.*"])
        };
        let consumer = Consumer::spawn(pool, settings, quick, handler);
        tokio::time::timeout(SOON, consumer.until_connected())
            .await
            .expect("a connected consumer");
        consumer
    }

    /// Says `thing.made` with `value`, in a transaction of its own.
    pub async fn say(&self, value: &str) {
        say(&self.pool(), value).await;
    }

    /// The effects so far, oldest first.
    pub async fn effects(&self) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Effect {
            #[diesel(sql_type = Text)]
            value: String,
        }
        let mut conn = self.pool().get().await.unwrap();
        let rows: Vec<Effect> = diesel::sql_query("SELECT value FROM effects ORDER BY id")
            .load(&mut conn)
            .await
            .unwrap();
        rows.into_iter().map(|row| row.value).collect()
    }

    pub async fn until_effects(&self, wanted: &[&str]) {
        eventually(SOON, || async { self.effects().await == wanted }).await;
    }

    pub async fn backlog(&self) -> usize {
        let mut conn = self.pool().get().await.unwrap();
        outbox::pending(&mut conn, "tests", 1_000).await.unwrap().len()
    }

    pub async fn processed(&self) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let mut conn = self.pool().get().await.unwrap();
        let count: Count = diesel::sql_query("SELECT count(*) AS count FROM processed_events")
            .get_result(&mut conn)
            .await
            .unwrap();
        count.count
    }
}

pub async fn say(pool: &Pool, value: &str) {
    let draft = EventDraft::new("thing.made", "thing/1", &value)
        .unwrap()
        .traceparent(Some("00-trace".into()));
    let mut conn = pool.get().await.unwrap();
    conn.transaction::<_, DbError, _>(async |conn| outbox::enqueue(conn, draft).await)
        .await
        .unwrap();
}

/// An event as another service would publish it.
pub fn event(value: &str) -> CloudEvent {
    CloudEvent {
        specversion: "1.0".into(),
        id: uuid::Uuid::now_v7(),
        source: "/elsewhere".into(),
        kind: "thing.made".into(),
        subject: None,
        time: chrono::Utc::now(),
        datacontenttype: "application/json".into(),
        data: value.into(),
    }
}

/// How often the recorder fails first, and how.
#[derive(Debug, Clone, Copy)]
pub enum Failure {
    Transient,
    Permanent,
    Away,
    Panic,
}

/// Writes each event's value into `effects`, after some failures; tells the values again after the commit.
#[derive(Clone, Default)]
pub struct Recorder {
    pub fail: Option<(u32, Failure)>,
    pub attempts: Arc<AtomicU32>,
    pub after: Arc<Mutex<Vec<String>>>,
    pub traces: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    pub fn failing(times: u32, failure: Failure) -> Self {
        Self {
            fail: Some((times, failure)),
            ..Self::default()
        }
    }

    pub fn attempts(&self) -> u32 {
        AtomicU32::load(&self.attempts, Ordering::SeqCst)
    }
}

impl Handler for Recorder {
    async fn handle(&self, conn: &mut AsyncPgConnection, event: &Incoming) -> Result<After, HandlerError> {
        let value: String = event.data()?;
        let attempt = self.attempts.fetch_add(1, Ordering::SeqCst) + 1;
        diesel::sql_query("INSERT INTO effects (value) VALUES ($1)")
            .bind::<Text, _>(&value)
            .execute(conn)
            .await?;
        if let Some((times, failure)) = self.fail
            && attempt <= times
        {
            match failure {
                Failure::Transient => return Err(HandlerError::transient("not yet")),
                Failure::Permanent => return Err(HandlerError::permanent("never")),
                Failure::Away => return Err(HandlerError::away("gone")),
                Failure::Panic => panic!("on purpose"),
            }
        }
        self.traces.lock().unwrap().extend(event.traceparent.clone());
        let after = Arc::clone(&self.after);
        Ok(After::run(async move { after.lock().unwrap().push(value) }))
    }
}
