//! The anonymous quota: exact, shared, kept over restarts, and counted alone while Redis is away.

use crate::support::{Edge, PATIENCE, Setup};
use shared_testkit::{Client, FaultProxy, eventually};
use std::time::{Duration, Instant};

async fn spend(client: &Client, requests: usize) {
    for request in 0..requests {
        let answer = client.get("/api/auth/me").await;
        assert_ne!(answer.status, 429, "request {request}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hundred_and_first_is_refused_and_a_restart_changes_nothing() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    spend(&edge.client(), 60).await;
    drop(edge);

    let edge = setup.start().await;
    edge.knows_issuer().await;
    let client = edge.client();
    spend(&client, 39).await;
    // Whatever the answer was, it counted: this is the hundredth.
    let answer = client.get("/api/notifications").await.expect_status(401);
    assert!(
        answer
            .header("ratelimit")
            .unwrap()
            .starts_with("\"anonymous_ip\";r=0;t="),
        "{answer:?}"
    );
    for path in ["/api/auth/me", "/api/notifications", "/graphql", "/api/users/1"] {
        let answer = client.get(path).await.expect_status(429);
        assert_eq!(answer.problem().code.as_str(), "RATE_LIMITED", "{path}");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=900).contains(&wait), "{wait}");
        assert_eq!(answer.header("ratelimit-policy"), Some("\"anonymous_ip\";q=100;w=900"));
    }
    // Exempt: health, keys, files, preflights. And users are not anonymous.
    for (path, status) in [
        ("/health", 200),
        ("/api/auth/health", 200),
        ("/.well-known/jwks.json", 200),
        ("/media/x", 503),
        ("/notifications/socket.io/?EIO=4", 503),
    ] {
        client.get(path).await.expect_status(status);
    }
    let user = client.header("authorization", &format!("Bearer {}", setup.tokens.token(7, "ann")));
    user.get("/api/auth/me").await.expect_status(200);
    assert!(
        edge.metric("edge_rate_limit_decisions_total{limit=\"anonymous_ip\",decision=\"refused\"}")
            .await
            >= 4.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_edges_share_one_count() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.edit("rate: 100/15m", "rate: 10/15m");
    let (one, other) = (setup.start().await, setup.start().await);
    let (one, other) = (one.client(), other.client());
    let mut passed = 0;
    for _ in 0..10 {
        for client in [&one, &other] {
            passed += u32::from(client.get("/api/auth/me").await.status == 200);
        }
    }
    assert_eq!(passed, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_counted_exactly() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let (one, other) = (setup.start().await, setup.start().await);
    let clients = [one.client(), other.client()];
    let ask = async |n: usize| clients[n % 2].get("/api/auth/me").await.status;
    let passed = futures::future::join_all((0..150).map(ask))
        .await
        .into_iter()
        .filter(|status| *status != 429)
        .count();
    assert_eq!(passed, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn counting_goes_on_where_redis_left_off() {
    let setup = Setup::new();
    let redis = FaultProxy::new(setup.redis.url()).await;
    let setup = setup.redis_at(redis.url()).edit("rate: 100/15m", "rate: 5/15m");
    let (setup, _auth) = setup.origin("AUTH").await;
    let edge = setup.start().await;
    let client = edge.client();
    spend(&client, 3).await;
    redis.refuse();
    redis.disconnect();
    spend(&client, 2).await;
    client.get("/api/auth/me").await.expect_status(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_serves_without_redis_and_says_so() {
    let setup = Setup::new();
    let redis = FaultProxy::new(setup.redis.url()).await;
    redis.refuse();
    let (setup, _auth) = setup
        .redis_at(redis.url())
        .edit("rate: 100/15m", "rate: 5/15m")
        .origin("AUTH")
        .await;
    let edge = setup.start().await;
    let client = edge.client();
    let codes = async |count: usize| {
        let mut codes = Vec::new();
        for _ in 0..count {
            codes.push(client.get("/api/auth/me").await.status);
        }
        codes
    };
    assert_eq!(codes(6).await, [200, 200, 200, 200, 200, 429], "this edge counts alone");
    eventually(PATIENCE, || async { edge.status().await["quotaStore"] == "down" }).await;
    assert_eq!(edge.status().await["revocations"], "incomplete");
    assert_eq!(edge.metric("edge_link_up{link=\"quota_store\"}").await, 0.0);
    assert!(edge.metric("edge_quota_store_failures_total").await >= 1.0);
    assert!(edge.log().contains("Redis is away"));
    // It comes back: the store decides again.
    redis.resume();
    eventually(PATIENCE, || async {
        let status = edge.status().await;
        status["quotaStore"] == "up" && status["revocations"] == "complete"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_does_not_answer_costs_no_more_than_its_budget() {
    let setup = Setup::new();
    let redis = FaultProxy::new(setup.redis.url()).await;
    let (setup, _auth) = setup.redis_at(redis.url()).origin("AUTH").await;
    let edge = setup.start().await;
    let client = edge.client();
    client.get("/api/auth/me").await.expect_status(200);
    redis.stall();
    for _ in 0..5 {
        let began = Instant::now();
        client.get("/api/auth/me").await.expect_status(200);
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_tried_out_counts_and_says_nothing() {
    let setup = Setup::new().edit("rate: 100/15m", "enforce: false, rate: 5/15m");
    let (setup, _auth) = setup.origin("AUTH").await;
    let edge = setup.start().await;
    let client = edge.client();
    for _ in 0..8 {
        let answer = client.get("/api/auth/me").await.expect_status(200);
        assert_eq!((answer.header("ratelimit"), answer.header("retry-after")), (None, None));
    }
    for (decision, times) in [("admitted", 5.0), ("over", 3.0), ("refused", 0.0)] {
        let name = format!("edge_rate_limit_decisions_total{{limit=\"anonymous_ip\",decision=\"{decision}\"}}");
        assert_eq!(edge.metric(&name).await, times, "{decision}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_is_counted_by_what_the_file_says_and_dear_requests_take_more() {
    for mode in ["algorithm: window", "burst: 10", "burst: 10, mode: leased"] {
        let limit: &'static str = format!("key: [header.x-tenant, method], rate: 10/15m, {mode}").leak();
        let (setup, _auth) = Setup::new()
            .edit(
                "key: client_ip, when: anonymous, rate: 100/15m, algorithm: window",
                limit,
            )
            .edit(
                "rate_limits: [anonymous_ip]",
                "rate_limits: [{ limit: anonymous_ip, cost: 4 }]",
            )
            .origin("AUTH")
            .await;
        let edge = setup.start().await;
        // On a machine that is busy Redis may answer too late, and then the edge counts alone for a while: again, for others.
        let mut told = counted(&edge, "a").await;
        for tenant in ["c", "d"] {
            let alone = edge.metric("edge_rate_limit_local_total{limit=\"anonymous_ip\"}").await;
            if alone > 0.0 && told != COUNTED {
                told = counted(&edge, tenant).await;
            }
        }
        assert_eq!(told, COUNTED, "{mode}");
        // Another tenant, another method, and nobody at all.
        let tenant = |name: &str| edge.client().header("x-tenant", name);
        tenant("b").get("/api/auth/me").await.expect_status(200);
        tenant("a").post("/api/auth/me").await.expect_status(200);
        for _ in 0..5 {
            let answer = edge.client().get("/api/auth/me").await.expect_status(200);
            assert_eq!(answer.header("ratelimit"), None);
        }
        assert_eq!(
            setup
                .redis
                .redis(0)
                .scan_prefix("edge:rl:anonymous_ip:header.x-tenant:#")
                .await
                .unwrap()
                .is_empty(),
            mode.contains("leased")
        );
    }
}

/// Status and what is left after each of three requests at four of ten.
const COUNTED: [(u16, u32); 3] = [(200, 6), (200, 2), (429, 2)];

async fn counted(edge: &Edge, tenant: &str) -> [(u16, u32); 3] {
    let mut told = [(0, 0); 3];
    for one in &mut told {
        let answer = edge.client().header("x-tenant", tenant).get("/api/auth/me").await;
        let left = answer.header("ratelimit").unwrap().split(';').nth(1).unwrap();
        *one = (answer.status, left.strip_prefix("r=").unwrap().parse().unwrap());
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_over_one_quota_does_not_use_up_the_others() {
    let (setup, _auth) = Setup::new()
        .edit(
            "rate: 100/15m, algorithm: window, on_store_failure: local }",
            "rate: 100/15m, algorithm: window }\n  few: { key: client_ip, rate: 2/15m, algorithm: window }",
        )
        .edit("rate_limits: [anonymous_ip]", "rate_limits: [anonymous_ip, few]")
        .origin("AUTH")
        .await;
    let edge = setup.start().await;
    for _ in 0..2 {
        let answer = edge.client().get("/api/auth/me").await.expect_status(200);
        assert!(
            answer.header("ratelimit").unwrap().starts_with("\"few\";"),
            "the tightest first: {answer:?}"
        );
    }
    for _ in 0..5 {
        edge.client().get("/api/auth/me").await.expect_status(429);
    }
    // The first refusal was found out after the other quota was charged, the later ones before.
    let count = setup
        .redis
        .redis(0)
        .get_text("edge:rl:anonymous_ip:127.0.0.1")
        .await
        .unwrap();
    assert_eq!(count.as_deref(), Some("3"));
}
