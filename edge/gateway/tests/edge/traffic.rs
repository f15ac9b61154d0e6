//! Traffic keeps flowing round targets that die, fail, dawdle, fall silent or break off.

use crate::{
    faulty::{Faulty, Mood},
    support::{Edge, MEDIA, PATIENCE, Setup},
};
use http::Method;
use serde_json::json;
use shared_testkit::{Client, eventually};
use std::time::Instant;
use tokio::task::JoinSet;

/// Requests alone find out.
const OUTLIER: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    outlier: { consecutive_failures: 3, error_ratio: 0.25, min_requests: 12, statuses: [500, 502, 503, 504] }";
const SHORTLY: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    load_balancing: round_robin
    outlier: { consecutive_failures: 3, eject_for: 1s, error_ratio: 0.25, min_requests: 12 }";
const BREAKER: &str = "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"
    circuit_breaker: quick";
const ROUTE: &str = "    rate_limits: []\n    upstream: media\n";
const PATIENT: &str = "    rate_limits: []
    upstream: media
    timeouts: { first_byte: 1s }
    retries: { attempts: 3, retry_on: [connect_failure, reset, timeout, \"500\", \"503\"] }
";

/// Targets of `media`, whose files are asked for.
async fn three() -> Vec<Faulty> {
    vec![Faulty::start().await, Faulty::start().await, Faulty::start().await]
}

fn setup(origins: &[Faulty], upstream: &'static str) -> Setup {
    let addresses: Vec<_> = origins.iter().map(|origin| origin.address).collect();
    Setup::new()
        .targets("MEDIA", &addresses)
        .edit(MEDIA, upstream)
        .edit(
            "match: { path_prefix: /media, methods: [GET] }",
            "match: { path_prefix: /media }",
        )
        .edit(ROUTE, PATIENT)
}

/// Whether a file came whole. A body that breaks off is no answer.
async fn is_served(client: &Client) -> bool {
    let asked = client.clone();
    let answer = tokio::spawn(async move { asked.get("/media/x").await });
    answer
        .await
        .is_ok_and(|answer| answer.status == 200 && answer.text() == "ok")
}

/// So many requests, sixteen at a time; tells how many failed.
async fn ask(edge: &Edge, requests: usize) -> usize {
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let client = edge.client();
        tasks.spawn(async move {
            let mut failed = 0;
            for _ in 0..requests / 16 {
                failed += usize::from(!is_served(&client).await);
            }
            failed
        });
    }
    tasks.join_all().await.into_iter().sum()
}

/// The state of a target and the reason for it.
async fn state(edge: &Edge, of: &Faulty) -> (String, String) {
    let status = edge.status().await;
    let targets = status["upstreams"]["media"]["targets"].as_array().unwrap().clone();
    let target = targets
        .iter()
        .find(|target| target["address"] == of.address.to_string())
        .unwrap();
    let text = |key: &str| target[key].as_str().unwrap_or_default().to_owned();
    (text("state"), text("reason"))
}

async fn one_goes_wrong(how: Option<Mood>) -> (Edge, Vec<Faulty>, Setup) {
    let mut origins = three().await;
    let setup = setup(&origins, OUTLIER);
    let edge = setup.start().await;
    assert_eq!(ask(&edge, 320).await, 0);
    match how {
        Some(mood) => origins[0].is(mood),
        None => origins[0].kill().await,
    }
    let before: Vec<u32> = origins.iter().map(Faulty::requests).collect();
    let failed = ask(&edge, 2_000).await;
    assert!(
        failed <= 2,
        "{failed} of 2000 failed after one target went wrong: {how:?}"
    );
    let asked: Vec<u32> = origins
        .iter()
        .zip(before)
        .map(|(origin, before)| origin.requests() - before)
        .collect();
    assert!(asked[1] + asked[2] >= 1_600, "{asked:?}");
    (edge, origins, setup)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_dies_takes_nobody_with_it() {
    let (edge, origins, _setup) = one_goes_wrong(None).await;
    let (_, reason) = state(&edge, &origins[0]).await;
    assert!(
        reason.is_empty() || reason.contains("it could not be connected to"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_fails_a_third_is_left_alone() {
    let (edge, origins, _setup) = one_goes_wrong(Some(Mood::Fails(3, 500))).await;
    // Few go there by now, and whoever does is answered by another.
    let asked = origins[0].requests();
    assert!(asked < 1_000, "{asked}");
    assert!(
        edge.metric("edge_upstream_events_total{upstream=\"media\",event=\"retry\"}")
            .await
            >= 1.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_target_gets_little() {
    let (_edge, origins, _setup) = one_goes_wrong(Some(Mood::Slow)).await;
    let asked: Vec<u32> = origins.iter().map(Faulty::requests).collect();
    // Half of what the others get, the time before it was slow included.
    assert!(asked[0] * 4 < asked[1] + asked[2], "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_target_is_passed_over() {
    let (edge, _origins, _setup) = one_goes_wrong(Some(Mood::Silent)).await;
    assert!(
        edge.metric("edge_upstream_events_total{upstream=\"media\",event=\"failure\"}")
            .await
            >= 1.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_breaks_answers_off_is_avoided_from_then_on() {
    let origins = three().await;
    // In turn, so that it is asked often enough to be found out soon.
    let setup = setup(&origins, OUTLIER).edit("    outlier:", "    load_balancing: round_robin\n    outlier:");
    let edge = setup.start().await;
    assert_eq!(ask(&edge, 320).await, 0);
    origins[0].is(Mood::Resets);
    // Three in a row, and those who are under way meanwhile, have seen the beginning of an answer and cannot be helped.
    let lost = ask(&edge, 160).await;
    assert!((3..=3 + 16).contains(&lost), "{lost}");
    assert_eq!(state(&edge, &origins[0]).await.0, "ejected");
    let failed = ask(&edge, 2_000).await;
    assert!(failed <= 2, "{failed} of 2000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_always_fails_is_ejected_told_and_back_in_time() {
    let origins = three().await;
    let setup = setup(&origins, SHORTLY);
    let edge = setup.start().await;
    // Requests that retries can be a share of.
    assert_eq!(ask(&edge, 320).await, 0);
    origins[0].is(Mood::Fails(1, 503));
    assert_eq!(ask(&edge, 64).await, 0);
    let (state_word, reason) = state(&edge, &origins[0]).await;
    assert!(
        state_word == "ejected" && reason.contains("requests in a row failed"),
        "{state_word}: {reason}"
    );
    let ask_why = json!({ "method": "GET", "target": "/media/x", "clientIp": "127.0.0.1" });
    let told = edge
        .ask(Method::POST, "/explain", ask_why)
        .await
        .expect_status(200)
        .text();
    assert!(told.contains("ejected: left alone for"), "{told}");
    assert!(edge.log().contains("target is left alone"));
    assert!(
        edge.metric("edge_upstream_events_total{upstream=\"media\",event=\"ejection\"}")
            .await
            >= 1.0
    );
    origins[0].is(Mood::Well);
    eventually(PATIENCE, || async { state(&edge, &origins[0]).await.0 == "healthy" }).await;
    let before = origins[0].requests();
    assert_eq!(ask(&edge, 64).await, 0);
    assert!(origins[0].requests() > before);
}

const QUICK: (&str, &str) = (
    "\ncircuit_breakers:\n",
    "\ncircuit_breakers:\n  quick: { min_requests: 20, open_for: 1s, half_open_requests: 2, recovery: 100ms }\n",
);

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_is_spared_and_asked_again() {
    let origins = three().await;
    let setup = setup(&origins, BREAKER).edit(QUICK.0, QUICK.1);
    let edge = setup.start().await;
    let client = edge.client();
    // What clients do wrong is not the service's failure.
    origins.iter().for_each(|origin| origin.is(Mood::Fails(1, 404)));
    for _ in 0..30 {
        client.post("/media/x").await.expect_status(404);
    }
    origins.iter().for_each(|origin| origin.is(Mood::Fails(1, 500)));
    let mut last = None;
    for _ in 0..80 {
        let answer = client.post("/media/x").await;
        if answer.status != 500 {
            last = Some(answer);
            break;
        }
    }
    let answer = last.expect("the breaker opens").expect_status(503);
    assert_eq!(answer.problem().code.as_str(), "CIRCUIT_OPEN");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let opened = edge.metric("edge_upstream_events_total{upstream=\"media\",event=\"breaker_opened\"}");
    assert!(opened.await >= 1.0);
    assert!(edge.log().contains("circuit breaker opened"));
    origins.iter().for_each(|origin| origin.is(Mood::Well));
    eventually(PATIENCE, || async { client.post("/media/x").await.status == 200 }).await;
    eventually(PATIENCE, || async {
        client.post("/media/x").await;
        edge.status().await["upstreams"]["media"]["circuit"] == "closed"
    })
    .await;
    assert_eq!(
        edge.metric("edge_breaker_state{upstream=\"media\",state=\"closed\"}")
            .await,
        1.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_gets_so_many_requests_at_a_time_and_no_more() {
    let origins = three().await;
    let setup = setup(&origins, BREAKER).edit(QUICK.0, QUICK.1);
    let setup = setup.edit("quick: {", "quick: { max_requests_per_target: 1,");
    let edge = setup.start().await;
    let client = edge.client();
    origins.iter().for_each(|origin| origin.is(Mood::Silent));
    let mut held = JoinSet::new();
    for _ in 0..3 {
        let client = client.clone();
        held.spawn(async move { client.post("/media/x").await.status });
    }
    eventually(PATIENCE, || async {
        let status = edge.status().await;
        let targets = status["upstreams"]["media"]["targets"].as_array().unwrap().clone();
        targets.iter().all(|target| target["state"] == "full")
    })
    .await;
    eventually(PATIENCE, || async {
        origins.iter().all(|origin| origin.requests() == 1)
    })
    .await;
    let answer = client.get("/media/x").await.expect_status(503);
    assert_eq!(answer.problem().code.as_str(), "NO_TARGET");
    origins.iter().for_each(|origin| origin.is(Mood::Well));
    while let Some(status) = held.join_next().await {
        assert_eq!(status.unwrap(), 504);
    }
    client.get("/media/x").await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_a_share_of_requests_however_much_fails() {
    let origins = three().await;
    let setup = setup(&origins, "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"");
    let edge = setup.start().await;
    origins.iter().for_each(|origin| origin.is(Mood::Fails(1, 503)));
    let began = Instant::now();
    assert_eq!(ask(&edge, 800).await, 800);
    let tries: u32 = origins.iter().map(Faulty::requests).sum();
    let floor = 3 * (began.elapsed().as_secs() + 1);
    assert!(
        u64::from(tries) <= 960 + floor && tries > 800,
        "{tries} tries of 800 requests, floor {floor}"
    );
    assert!(
        edge.metric("edge_upstream_events_total{upstream=\"media\",event=\"retry_refused\"}")
            .await
            >= 1.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_done_is_not_sent_twice_and_a_second_try_says_so() {
    let origins = three().await;
    let setup = setup(&origins, OUTLIER)
        .edit("consecutive_failures: 3", "consecutive_failures: 300")
        .edit("min_requests: 12", "min_requests: 500");
    let edge = setup.start().await;
    let client = edge
        .client()
        .header("x-request-attempt", "9")
        .header("x-request-timeout-ms", "1");
    origins.iter().for_each(|origin| origin.is(Mood::Fails(1, 503)));
    let all = || origins.iter().map(Faulty::requests).sum::<u32>();
    for number in 1..=5 {
        client.post("/media/x").await.expect_status(503);
        assert_eq!(all(), number);
    }
    let head = origins.iter().map(Faulty::head).find(|head| !head.is_empty()).unwrap();
    assert!(!head.contains("x-request-attempt"), "{head}");
    let left = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("x-request-timeout-ms: ")
            .map(str::to_owned)
    });
    let left: u64 = left.unwrap().trim().parse().unwrap();
    assert!((5_000..=15_000).contains(&left), "{left}");
    client.get("/media/x").await.expect_status(503);
    assert!(all() > 6, "a GET is tried again");
    let heads: String = origins.iter().map(Faulty::head).collect();
    assert!(heads.contains("x-request-attempt: 2"), "{heads}");
}
