//! Leased quotas over several edges: what they admit together, how seldom they ask, and what becomes of them while Redis is away.

use crate::support::{Edge, PATIENCE, Setup};
use shared_testkit::{FaultProxy, eventually};
use std::time::{Duration, Instant};

const SHIPPED: &str = "rate: 100/15m, algorithm: window, on_store_failure: local";

fn leased(limit: &'static str) -> Setup {
    Setup::new().edit(SHIPPED, limit)
}

/// Asks an edge one time after the other until then; how many passed, and how many were asked for.
async fn ask_until(edge: &Edge, end: Instant) -> (u64, u64) {
    let (mut passed, mut asked) = (0, 0);
    let client = edge.client();
    while Instant::now() < end {
        let status = client.get("/api/auth/me").await.status;
        assert!(matches!(status, 200 | 429), "{status}");
        passed += u64::from(status == 200);
        asked += 1;
    }
    (passed, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_edges_admit_the_quota_together_and_none_of_them_starves() {
    let full = std::env::var_os("TEST_FULL").is_some();
    let time = Duration::from_secs(if full { 20 } else { 4 });
    let setup = leased("rate: 60/s, burst: 60, mode: leased");
    let (setup, _auth) = setup.origin("AUTH").await;
    let edges = [setup.start().await, setup.start().await, setup.start().await];
    let began = Instant::now();
    let asking = edges.iter().map(|edge| ask_until(edge, began + time));
    let counts = futures::future::join_all(asking).await;
    let time = began.elapsed().as_secs_f64();
    let quota = 60.0 + 60.0 * time;
    let passed: u64 = counts.iter().map(|(passed, _)| passed).sum();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let share = passed as f64 / quota;
    // At the end some tokens are lent and not spent, or came back a moment before they could be asked for.
    assert!((0.9..=1.01).contains(&share), "{counts:?} in {time} s, {quota} allowed");
    assert!(counts.iter().all(|(passed, _)| *passed > 30), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_steady_client_s_requests_call_nobody() {
    let (setup, _auth) = leased("rate: 10000/s, mode: leased").origin("AUTH").await;
    let edge = setup.start().await;
    let (passed, asked) = ask_until(&edge, Instant::now() + Duration::from_secs(2)).await;
    assert_eq!(passed, asked);
    let calls = edge.metric("edge_lease_calls_total").await;
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let share = calls / asked as f64;
    assert!(share < 0.05, "{calls} calls for {asked} requests");
    // What is left is told as with any other quota.
    let answer = edge.client().get("/api/auth/me").await;
    assert!(
        answer.header("ratelimit-policy").unwrap().contains("q=10000;w=1"),
        "{answer:?}"
    );
    assert!(answer.header("ratelimit").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_an_edge_goes_on_with_its_share_and_tells_it_later() {
    let setup = leased("rate: 5/m, burst: 30, mode: leased");
    let redis = FaultProxy::new(setup.redis.url()).await;
    let (setup, _auth) = setup.redis_at(redis.url()).origin("AUTH").await;
    let (edge, other) = (setup.start().await, setup.start().await);
    eventually(PATIENCE, || async { edge.status().await["edges"] == 2 }).await;
    redis.refuse();
    redis.disconnect();
    let ask = async |edge: &Edge, times: usize| {
        let mut passed = 0;
        for _ in 0..times {
            passed += u32::from(edge.client().get("/api/auth/me").await.status == 200);
        }
        passed
    };
    assert_eq!(ask(&edge, 20).await, 15, "half of the burst");
    eventually(PATIENCE, || async { edge.status().await["quotaStore"] == "down" }).await;
    redis.resume();
    eventually(PATIENCE, || async { edge.status().await["quotaStore"] == "up" }).await;
    // What the one let pass, the other one does not have.
    let left = eventually(PATIENCE, || async {
        let refused = edge.client().get("/api/auth/me").await.status;
        let left = ask(&other, 20).await;
        (left < 20 || refused == 429).then_some(left)
    })
    .await;
    assert!((10..=16).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_needs_redis_refuses_without_it_and_waits_no_longer_than_its_budget() {
    let setup = leased("rate: 100/s, mode: leased, on_store_failure: closed");
    let redis = FaultProxy::new(setup.redis.url()).await;
    let (setup, _auth) = setup.redis_at(redis.url()).origin("AUTH").await;
    let edge = setup.start().await;
    edge.client().get("/api/auth/me").await.expect_status(200);
    redis.stall();
    // What was borrowed is still good; then nothing is.
    let refused = eventually(PATIENCE, || async {
        let began = Instant::now();
        let answer = edge.client().get("/api/auth/me").await;
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(refused.problem().code.as_str(), "SERVICE_UNAVAILABLE");
    redis.resume();
    eventually(PATIENCE, || async {
        (edge.client().get("/api/auth/me").await.status == 200).then_some(())
    })
    .await;
}
