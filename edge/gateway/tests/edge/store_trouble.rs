//! A Redis that answers no more: what requests wait, what they are told, and that they do not pile up.

use crate::support::{Edge, PATIENCE, Setup};
use shared_testkit::{Client, FaultProxy, eventually};
use std::time::{Duration, Instant};

/// What an answer may take over what it takes otherwise: the budget, and a busy machine.
const PATIENT: Duration = Duration::from_millis(250);
const CLIENTS: usize = 8;
const TIME: Duration = Duration::from_secs(3);

/// Answers by status, and the times of those that passed, in order.
#[derive(Default)]
struct Found {
    passed: Vec<Duration>,
    refused: usize,
    unavailable: usize,
    most_in_flight: u64,
}

impl Found {
    fn share_over(&self, time: Duration) -> f64 {
        let over = self.passed.iter().filter(|took| **took > time).count();
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let share = over as f64 / self.passed.len().max(1) as f64;
        share
    }
}

async fn asks(client: Client, end: Instant) -> Found {
    let mut found = Found::default();
    while Instant::now() < end {
        let began = Instant::now();
        match client.get("/api/auth/me").await.status {
            200 => found.passed.push(began.elapsed()),
            429 => found.refused += 1,
            503 => found.unavailable += 1,
            status => panic!("{status}"),
        }
        // A rate that a small machine keeps with others at work.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    found
}

/// Several clients at once, and a look at how many requests are under way.
async fn load(edge: &Edge) -> Found {
    let end = Instant::now() + TIME;
    let clients = (0..CLIENTS).map(|_| tokio::spawn(asks(edge.client(), end)));
    let clients: Vec<_> = clients.collect();
    let mut all = Found::default();
    while Instant::now() < end {
        let under_way = edge.status().await["requestsInFlight"].as_u64().unwrap();
        all.most_in_flight = all.most_in_flight.max(under_way);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for client in clients {
        let found = client.await.unwrap();
        all.passed.extend(found.passed);
        all.refused += found.refused;
        all.unavailable += found.unavailable;
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_freezes_costs_a_budget_now_and_then_and_nothing_piles_up() {
    for (mode, on_failure) in [
        ("algorithm: window", "local"),
        ("algorithm: window", "open"),
        ("algorithm: window", "closed"),
        ("burst: 100000, mode: leased", "local"),
        ("burst: 100000, mode: leased", "closed"),
    ] {
        let limit: &'static str =
            format!("key: client_ip, rate: 100000/15m, {mode}, on_store_failure: {on_failure}").leak();
        let shipped = "key: client_ip, when: anonymous, rate: 100/15m, algorithm: window, on_store_failure: local";
        let setup = Setup::new().edit(shipped, limit);
        let redis = FaultProxy::new(setup.redis.url()).await;
        let (setup, _auth) = setup.redis_at(redis.url()).origin("AUTH").await;
        let edge = setup.start().await;
        eventually(PATIENCE, || async { edge.status().await["quotaStore"] == "up" }).await;
        edge.client().get("/api/auth/me").await.expect_status(200);
        redis.stall();
        let found = load(&edge).await;
        let case = format!("{mode}, {on_failure}");
        assert!(
            found.share_over(PATIENT) <= 0.01,
            "{case}: {:?}",
            found.passed.iter().max()
        );
        assert!(
            found.most_in_flight <= CLIENTS as u64,
            "{case}: {}",
            found.most_in_flight
        );
        assert!(edge.metric("edge_quota_store_failures_total").await >= 1.0, "{case}");
        match on_failure {
            "closed" => assert!(found.unavailable > found.passed.len(), "{case}"),
            _ => assert_eq!((found.refused, found.unavailable), (0, 0), "{case}"),
        }
        // A call in many: a dead Redis is asked now and then, and not for each request.
        let asked = found.passed.len() + found.unavailable;
        let failures = edge.metric("edge_quota_store_failures_total").await;
        if mode.contains("leased") {
            #[expect(clippy::cast_precision_loss, reason = "some thousands")]
            let most = asked as f64 * 0.05;
            assert!(failures <= most.max(20.0), "{case}: {failures} of {asked}");
        }
        redis.resume();
        eventually(PATIENCE, || async {
            edge.client().get("/api/auth/me").await;
            edge.status().await["quotaStore"] == "up"
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passed_alone_is_counted_once_when_redis_is_back() {
    let shipped = "key: client_ip, when: anonymous, rate: 100/15m, algorithm: window, on_store_failure: local";
    let limit = "key: client_ip, rate: 1/h, burst: 100, mode: leased, on_store_failure: local";
    let setup = Setup::new().edit(shipped, limit);
    let redis = FaultProxy::new(setup.redis.url()).await;
    let (setup, _auth) = setup.redis_at(redis.url()).origin("AUTH").await;
    let edge = setup.start().await;
    let client = edge.client();
    for _ in 0..10 {
        client.get("/api/auth/me").await.expect_status(200);
    }
    redis.refuse();
    redis.disconnect();
    // From here on this edge counts alone.
    eventually(PATIENCE, || async {
        client.get("/api/auth/me").await;
        edge.status().await["quotaStore"] == "down"
    })
    .await;
    for _ in 0..20 {
        client.get("/api/auth/me").await;
    }
    redis.resume();
    eventually(PATIENCE, || async { edge.status().await["quotaStore"] == "up" }).await;
    // Of a hundred each request took one, in whatever way it was counted; none comes back in this time.
    let name = "edge_rate_limit_decisions_total{limit=\"anonymous_ip\",decision=\"admitted\"}";
    let mut last = 0;
    while client.get("/api/auth/me").await.status == 200 {
        last += 1;
        assert!(last <= 100, "the quota has no end");
    }
    assert_eq!(edge.metric(name).await, 100.0);
}
