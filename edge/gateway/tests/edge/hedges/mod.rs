//! What waits long is asked of a second target, once, within the budget, and never what must not be done twice.

mod alike;
mod graphql;

use crate::{
    faulty::{Faulty, Mood},
    support::{Edge, MEDIA, PATIENCE, Setup},
};
use http::Method;
use serde_json::{Value, json};
use shared_testkit::{Client, eventually};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// In turn, so that it is known who is asked first.
const IN_TURN: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    load_balancing: round_robin";
const BOUND: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    load_balancing: round_robin
    sticky: { cookie: edge_affinity, ttl: 1h }";
const CROWDED: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    load_balancing: round_robin
    concurrency: { min: 6, max: 6, queue: 0 }";
const ROUTE: &str = "    match: { path_prefix: /media, methods: [GET] }
    auth: public
    rate_limits: []
    upstream: media
";
/// Whatever takes 30 ms is hedged.
const ALWAYS: &str = "    match: { path_prefix: /media }
    auth: public
    rate_limits: []
    upstream: media
    hedge: { after: 30ms, budget: 100% }
";
const SELDOM: &str = "    match: { path_prefix: /media }
    auth: public
    rate_limits: []
    upstream: media
    hedge: { after: 30ms, budget: 10% }
";
const USUAL: &str = "    match: { path_prefix: /media }
    auth: public
    rate_limits: []
    upstream: media
    hedge: { budget: 50% }
";

async fn origins<const N: usize>(moods: [Mood; N]) -> Vec<Faulty> {
    let mut origins = Vec::new();
    for mood in moods {
        let origin = Faulty::start().await;
        origin.is(mood);
        origins.push(origin);
    }
    origins
}

async fn edge(origins: &[Faulty], upstream: &'static str, route: &'static str) -> (Edge, Setup) {
    let addresses: Vec<_> = origins.iter().map(|origin| origin.address).collect();
    let setup = Setup::new().targets("MEDIA", &addresses).edit(MEDIA, upstream);
    let setup = setup.edit(ROUTE, route);
    (setup.start().await, setup)
}

fn requests(origins: &[Faulty]) -> u32 {
    origins.iter().map(Faulty::requests).sum()
}

async fn events(edge: &Edge, event: &str) -> f64 {
    let name = format!("edge_upstream_events_total{{upstream=\"media\",event=\"{event}\"}}");
    edge.metric(&name).await
}

async fn explained(edge: &Edge) -> String {
    let asked = json!({ "method": "GET", "target": "/media/x", "clientIp": "127.0.0.1" });
    let told = edge.ask(Method::POST, "/explain", asked).await.expect_status(200);
    told.text()
}

/// So many files, one after the other, each soon.
async fn files(client: &Client, count: u32) {
    for _ in 0..count {
        let began = Instant::now();
        let answer = client.get("/media/x").await.expect_status(200);
        assert_eq!(answer.text(), "ok");
        // A silent target would take the 5 s of a try.
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_target_is_not_waited_for_and_hears_that_nobody_does() {
    let origins = origins([Mood::Silent, Mood::Well]).await;
    let (edge, _setup) = edge(&origins, IN_TURN, ALWAYS).await;
    files(&edge.client(), 10).await;
    // Every other one began there, and was asked of the other one then.
    assert_eq!((origins[0].requests(), origins[1].requests()), (5, 10));
    eventually(PATIENCE, || async { origins[0].left() }).await;
    assert_eq!(
        (events(&edge, "hedge").await, events(&edge, "hedge_won").await),
        (5.0, 5.0)
    );
    assert_eq!(events(&edge, "retry").await, 0.0);
    let status = edge.status().await["upstreams"]["media"].clone();
    assert_eq!(status["requestsInFlight"], 0);
    assert_eq!(
        (&status["hedge"]["asked"], &status["hedge"]["won"]),
        (&json!(5), &json!(5))
    );
    // A slow target feels it.
    let slow = status["targets"].as_array().unwrap().iter();
    let slow: Vec<_> = slow
        .filter(|target| target["address"] == origins[0].address.to_string())
        .collect();
    assert!(slow[0]["latencyMs"].as_f64().unwrap() > 25.0, "{status}");
    // The log is written by a thread of its own.
    eventually(PATIENCE, || async {
        let log = edge.log();
        let lines = log.lines().filter(|line| line.contains("attempts=2 hedge=\"won\""));
        lines.count() == 5
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_says_that_it_is_one() {
    let origins = origins([Mood::Silent, Mood::Well]).await;
    let (edge, _setup) = edge(&origins, IN_TURN, ALWAYS).await;
    let client = edge.client();
    let mut seen = Vec::new();
    for _ in 0..2 {
        client.get("/media/x").await.expect_status(200);
        seen.push(origins[1].head().contains("x-request-attempt: 2"));
    }
    seen.sort_unstable();
    assert_eq!(seen, [false, true]);
    assert!(!origins[0].head().contains("x-request-attempt"));
    assert!(origins[1].head().contains("x-request-timeout-ms: 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_are_slow_the_budget_holds() {
    let origins = origins([Mood::Slow, Mood::Slow]).await;
    let (edge, _setup) = edge(&origins, IN_TURN, SELDOM).await;
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let client = edge.client();
        tasks.spawn(async move { files(&client, 20).await });
    }
    tasks.join_all().await;
    let hedges = requests(&origins) - 200;
    assert!((1..=20).contains(&hedges), "{hedges}");
    assert_eq!(events(&edge, "hedge").await, f64::from(hedges));
    assert!(events(&edge, "hedge_refused").await >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_change_something_is_asked_once() {
    let origins = origins([Mood::Slow, Mood::Slow]).await;
    let (edge, _setup) = edge(&origins, IN_TURN, ALWAYS).await;
    let client = edge.client();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let before = requests(&origins);
        let answer = client.send(method.clone(), "/media/x", None, "".into()).await;
        assert_eq!((answer.status, requests(&origins) - before), (200, 1), "{method}");
    }
    for method in [Method::GET, Method::HEAD] {
        let before = requests(&origins);
        let answer = client.send(method.clone(), "/media/x", None, "".into()).await;
        assert_eq!((answer.status, requests(&origins) - before), (200, 2), "{method}");
    }
    // A body is not sent twice, whatever the method.
    let before = requests(&origins);
    let _ = client.send(Method::GET, "/media/x", None, "a body".into()).await;
    assert_eq!(requests(&origins) - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_are_bound_stay_where_they_are() {
    let origins = origins([Mood::Slow, Mood::Slow]).await;
    let (edge, _setup) = edge(&origins, BOUND, ALWAYS).await;
    files(&edge.client(), 3).await;
    assert_eq!(requests(&origins), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_without_room_to_spare_is_not_asked_twice() {
    let origins = origins([Mood::Slow, Mood::Slow]).await;
    let (edge, _setup) = edge(&origins, CROWDED, ALWAYS).await;
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let client = edge.client();
        tasks.spawn(async move { files(&client, 1).await });
    }
    tasks.join_all().await;
    assert_eq!((requests(&origins), events(&edge, "hedge_refused").await), (3, 3.0));
    // Alone there is, and no more is taken of it than for one.
    files(&edge.client(), 1).await;
    assert_eq!(requests(&origins), 5);
    eventually(PATIENCE, || async {
        edge.status().await["upstreams"]["media"]["concurrency"]["requestsInFlight"] == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_does_not_win_and_costs_no_retry() {
    let origins = origins([Mood::Late(503), Mood::Slow]).await;
    let (edge, _setup) = edge(&origins, IN_TURN, ALWAYS).await;
    files(&edge.client(), 4).await;
    assert_eq!((requests(&origins), events(&edge, "retry").await), (8, 0.0));
    assert_eq!(
        (events(&edge, "hedge").await, events(&edge, "hedge_won").await),
        (4.0, 2.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn when_both_fail_a_third_is_tried_and_then_the_failure_is_told() {
    let origins = origins([Mood::Late(503), Mood::Late(503), Mood::Well]).await;
    let (edge, _setup) = edge(&origins, IN_TURN, ALWAYS).await;
    let client = edge.client();
    files(&client, 6).await;
    assert!(events(&edge, "retry").await >= 1.0);
    origins[2].is(Mood::Late(503));
    client.get("/media/x").await.expect_status(503);
    origins.iter().for_each(|origin| origin.is(Mood::LateDrops));
    let answer = client.get("/media/x").await.expect_status(502);
    assert_eq!(answer.problem().code.as_str(), "UPSTREAM_FAILED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_ends_both() {
    let origins = origins([Mood::Silent, Mood::Silent]).await;
    let (edge, _setup) = edge(&origins, IN_TURN, ALWAYS).await;
    let client = edge.client();
    let asking = tokio::spawn(async move { client.get("/media/x").await });
    eventually(PATIENCE, || async { requests(&origins) == 2 }).await;
    asking.abort();
    for origin in &origins {
        eventually(PATIENCE, || async { origin.left() }).await;
    }
    eventually(PATIENCE, || async {
        edge.status().await["upstreams"]["media"]["requestsInFlight"] == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_percentile_needs_answers_and_both_are_shown() {
    let origins = origins([Mood::Well, Mood::Well]).await;
    let (edge, _setup) = edge(&origins, IN_TURN, USUAL).await;
    let hedge = || async { edge.status().await["upstreams"]["media"]["hedge"].clone() };
    let client = edge.client();
    files(&client, 49).await;
    let told = hedge().await;
    assert_eq!(
        (&told["delaysMs"]["files"], &told["answers"]),
        (&Value::Null, &json!(49))
    );
    assert!(explained(&edge).await.contains("too few answers are known for p95, 49"));
    files(&client, 11).await;
    let told = eventually(PATIENCE, || async {
        let told = hedge().await;
        told["delaysMs"]["files"].is_number().then_some(told)
    });
    let told = told.await;
    assert!(told["delaysMs"]["files"].as_f64().unwrap() >= 4.0, "{told}");
    assert!(
        explained(&edge).await.contains("ms (p95)"),
        "{}",
        explained(&edge).await
    );
    origins[0].is(Mood::Silent);
    files(&client, 10).await;
    assert!(events(&edge, "hedge_won").await >= 5.0);
    assert!(edge.status().await["upstreams"]["auth"]["hedge"].is_null());
}
