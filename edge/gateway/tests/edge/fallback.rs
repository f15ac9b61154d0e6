//! What answers while an upstream is away: another one, or the edge itself.

use crate::{
    faulty::{Faulty, Mood},
    origins::Origin,
    support::{Dead, Edge, MEDIA, PATIENCE, Setup},
};
use http::Method;
use serde_json::{Value, json};
use shared_testkit::{Client, eventually};
use std::fs;

const UPSTREAM: (&str, &str) = (
    MEDIA,
    "targets: \"${MEDIA_TARGETS:-127.0.0.1:3003}\"\n    circuit_breaker: quick",
);
const BREAKER: (&str, &str) = (
    "\ncircuit_breakers:\n",
    "\ncircuit_breakers:\n  quick: { min_requests: 20, open_for: 1s, half_open_requests: 2, recovery: 100ms }\n",
);
const EVERY_METHOD: (&str, &str) = (
    "match: { path_prefix: /media, methods: [GET] }",
    "match: { path_prefix: /media }",
);
const ROUTE: &str = "    rate_limits: []\n    upstream: media\n";
const ANSWER: &str = "    rate_limits: []\n    upstream: media
    fallback: { status: 203, content_type: text/plain, body: \"a picture is to come\" }\n";
const FILE: &str = "    rate_limits: []\n    upstream: media
    fallback: { status: 200, content_type: text/plain, body_file: \"${SOON_FILE}\" }\n";
const OTHER: &str = "    rate_limits: []\n    upstream: media\n    fallback: { upstream: auth }\n";

fn setup(route: &'static str) -> Setup {
    Setup::new()
        .edit(UPSTREAM.0, UPSTREAM.1)
        .edit(BREAKER.0, BREAKER.1)
        .edit(EVERY_METHOD.0, EVERY_METHOD.1)
        .edit(ROUTE, route)
}

async fn counted(edge: &Edge) -> f64 {
    edge.metric("edge_upstream_events_total{upstream=\"media\",event=\"fallback\"}")
        .await
}

async fn explained(edge: &Edge) -> Value {
    let request = json!({ "method": "GET", "target": "/media/x", "clientIp": "127.0.0.1" });
    edge.ask(Method::POST, "/explain", request)
        .await
        .expect_status(200)
        .json()
}

/// Fails until the breaker opens.
async fn open(edge: &Edge, client: &Client, origin: &Faulty) {
    origin.is(Mood::Fails(1, 500));
    for _ in 0..40 {
        client.post("/media/x").await;
    }
    assert_eq!(edge.status().await["upstreams"]["media"]["circuit"], "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_answers_itself_while_the_breaker_is_open() {
    let origin = Faulty::start().await;
    let setup = setup(ANSWER).targets("MEDIA", &[origin.address]);
    let edge = setup.start().await;
    let client = edge.client();
    assert_eq!(client.get("/media/x").await.expect_status(200).text(), "ok");
    assert_eq!(counted(&edge).await, 0.0);
    open(&edge, &client, &origin).await;
    let answer = client.get("/media/x").await.expect_status(203);
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(answer.text(), "a picture is to come");
    eventually(PATIENCE, || async { counted(&edge).await >= 1.0 }).await;
    let told = explained(&edge).await.to_string();
    assert!(told.contains("would be answered 203 by the route's fallback"), "{told}");
    assert!(told.contains("routes.files.fallback"), "{told}");
    eventually(PATIENCE, || async { edge.log().contains("fallback=\"answer\"") }).await;
    origin.is(Mood::Well);
    eventually(PATIENCE, || async { client.get("/media/x").await.status == 200 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_answers_itself_while_nobody_can_be_connected_to() {
    let dead = Dead::new();
    let setup = setup(ANSWER).targets("MEDIA", &[dead.address]);
    let edge = setup.start().await;
    let client = edge.client();
    for method in [Method::GET, Method::POST] {
        let answer = client
            .send(method, "/media/x", None, Default::default())
            .await
            .expect_status(203);
        assert_eq!(answer.text(), "a picture is to come");
    }
    let head = client.send(Method::HEAD, "/media/x", None, Default::default()).await;
    assert_eq!(head.expect_status(203).header("content-length"), Some("20"));
    // An answer is counted right after it is written.
    eventually(PATIENCE, || async { counted(&edge).await == 3.0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_stand_in_a_file_and_change() {
    let dead = Dead::new();
    let setup = setup(FILE).targets("MEDIA", &[dead.address]);
    let file = setup.file("soon.txt");
    fs::write(&file, "soon").unwrap();
    let setup = setup.variable("SOON_FILE", file.to_str().unwrap());
    let edge = setup.start().await;
    let client = edge.client();
    assert_eq!(client.get("/media/x").await.expect_status(200).text(), "soon");
    fs::write(&file, "sooner").unwrap();
    eventually(PATIENCE, || async { client.get("/media/x").await.text() == "sooner" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_upstream_is_asked_the_same_once() {
    let (setup, _auth) = setup(OTHER).origin("AUTH").await;
    let origin = Faulty::start().await;
    let setup = setup.targets("MEDIA", &[origin.address]);
    let edge = setup.start().await;
    let client = edge.client();
    assert_eq!(client.get("/media/x?a=1").await.expect_status(200).text(), "ok");
    open(&edge, &client, &origin).await;
    let answer = client.get("/media/x?a=1").await.expect_status(200).json();
    assert_eq!(
        (&answer["origin"], &answer["target"]),
        (&json!("AUTH"), &json!("/media/x?a=1"))
    );
    let told = explained(&edge).await.to_string();
    assert!(told.contains("auth is asked, as the upstream is away"), "{told}");
    assert!(told.contains("would be forwarded to auth"), "{told}");
    eventually(PATIENCE, || async { counted(&edge).await >= 1.0 }).await;
    eventually(PATIENCE, || async { edge.log().contains("fallback=\"auth\"") }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_goes_to_the_other_upstream_whatever_its_method() {
    let dead = Dead::new();
    let (setup, auth) = setup(OTHER).targets("MEDIA", &[dead.address]).origin("AUTH").await;
    let edge = setup.start().await;
    let client = edge.client();
    let answer = client
        .send(Method::POST, "/media/x", None, "a body".into())
        .await
        .expect_status(200)
        .json();
    let seen = ["origin", "method", "length"].map(|key| answer[key].clone());
    assert_eq!(seen, [json!("AUTH"), json!("POST"), json!(6)]);
    // One hop: where that one is away as well, it is told.
    let address = auth.stop().await;
    let answer = client.get("/media/x").await.expect_status(503);
    assert_eq!(answer.problem().code.as_str(), "UPSTREAM_UNAVAILABLE");
    let _auth = Origin::start_at("AUTH", &setup.tokens, address).await;
    eventually(PATIENCE, || async { client.get("/media/x").await.status == 200 }).await;
}
