//! The helpers themselves: a helper that cannot fail proves nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use axum::extract::{Multipart as Form, Request};
use axum::http::header::SET_COOKIE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use serde_json::{Value, json};
use shared_contracts::claims::Claims;
use shared_testkit::{
    Client, FaultProxy, Multipart, ServiceTokens, TestDb, TestRedis, TestTokens, TestVhost, eventually, serve,
};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);

async fn headers(request: Request) -> Json<Value> {
    let pairs = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())));
    Json(Value::Object(pairs.collect()))
}

#[tokio::test]
async fn a_client_keeps_and_drops_cookies() {
    let router = Router::new()
        .route("/", get(headers))
        .route("/in", get(|| async { [(SET_COOKIE, "a=1; HttpOnly; Path=/")] }))
        .route("/out", get(|| async { [(SET_COOKIE, "a=; Max-Age=0")] }));
    let client = Client::new(serve(router).await);
    let answer = client.get("/in").await;
    assert_eq!(answer.set_cookie("a"), Some("a=1; HttpOnly; Path=/"));
    assert_eq!(client.get("/").await.json()["cookie"], "a=1");
    assert_eq!(client.fresh().get("/").await.json()["cookie"], Value::Null);
    client.get("/out").await;
    assert_eq!(client.cookie("a"), None);
    assert_eq!(client.get("/").await.json()["cookie"], Value::Null);
}

#[tokio::test]
async fn a_client_stands_in_for_the_edge() {
    let tokens = ServiceTokens::new();
    let address = serve(Router::new().route("/", get(headers))).await;
    let seen = Client::edge(address, &tokens).as_user(7, "ann").get("/").await.json();
    assert_eq!((&seen["x-user-id"], &seen["x-user-name"]), (&json!("7"), &json!("ann")));
    assert_eq!(seen["x-service-token"], tokens.token("edge"));
    let seen = Client::peer(address, &tokens, "posts").get("/").await.json();
    assert!(
        seen["x-service-token"].as_str().unwrap().starts_with("posts."),
        "{seen}"
    );
    assert_eq!(seen["x-user-id"], Value::Null);
}

#[tokio::test]
async fn a_client_reads_events_and_sends_files() {
    async fn sizes(mut form: Form) -> String {
        let mut sizes = Vec::new();
        while let Some(field) = form.next_field().await.unwrap() {
            let name = field.name().unwrap().to_owned();
            sizes.push(format!("{name}={}", field.bytes().await.unwrap().len()));
        }
        sizes.join(" ")
    }
    let stream = ": hello\n\nevent: a\nid: 1\ndata: {\"n\":1}\n\ndata: x\r\ndata: y\r\n\r\n";
    let kind = [("content-type", "text/event-stream")];
    let router = Router::new()
        .route("/events", get(move || async move { (kind, stream).into_response() }))
        .route("/files", post(sizes));
    let client = Client::new(serve(router).await);
    let mut events = client.events("/events").await;
    let first = events.next(SOON).await.unwrap();
    assert_eq!(
        (first.event.as_str(), first.id.as_str(), first.json()),
        ("a", "1", json!({ "n": 1 }))
    );
    assert_eq!(events.next(SOON).await.unwrap().data, "x\ny");
    assert_eq!(events.next(SOON).await, None);
    let form = Multipart::new()
        .text("t", "abc")
        .file("f", "a.png", "image/png", &[0; 5]);
    assert_eq!(client.post_multipart("/files", form).await.text(), "t=3 f=5");
}

#[tokio::test]
async fn a_database_is_gone_after_the_test_even_if_it_panics() {
    let db = TestDb::new(&[]).await;
    let url = db.url().to_owned();
    db.execute("CREATE TABLE t (id INT); INSERT INTO t VALUES (1)").await;
    let held = db.pool().get().await.unwrap();
    let crashed = std::panic::catch_unwind(AssertUnwindSafe(move || {
        let _db = db;
        panic!("on purpose");
    }));
    assert!(crashed.is_err());
    drop(held);
    let gone = shared_postgres::connect(&url, 1).unwrap();
    assert!(shared_postgres::ping(&gone).await.is_err());
}

#[tokio::test]
async fn a_vhost_is_gone_after_the_test() {
    let vhost = TestVhost::new().await;
    vhost.listen("x", "q", &["a.*"]).await;
    assert!(vhost.publish_raw("x", "a.b", "text").await);
    assert!(!vhost.publish_raw("x", "c.d", "text").await);
    assert_eq!(vhost.take("q").await[0].payload, "text");
    assert!(vhost.take("q").await.is_empty());
    assert!(vhost.take("none").await.is_empty());
    let settings = vhost.url().to_owned();
    let name = settings.rsplit('/').next().unwrap().to_owned();
    let admin = url::Url::parse(&std::env::var("TEST_AMQP_ADMIN_URL").unwrap()).unwrap();
    let client = Client::new(format!("{}:{}", admin.host_str().unwrap(), admin.port().unwrap())).header(
        "authorization",
        &format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode("guest:guest")
        ),
    );
    let path = format!("/api/vhosts/{name}");
    assert_eq!(client.get(&path).await.status, 200);
    drop(vhost);
    assert_eq!(client.get(&path).await.status, 404);
}

#[tokio::test]
async fn keys_are_gone_after_the_test() {
    let store = TestRedis::new();
    let prefix = store.prefix().to_owned();
    let other = shared_redis::Redis::connect(store.url(), 3, &prefix).unwrap();
    store.redis(3).set_text("a", "1", SOON).await.unwrap();
    assert_eq!(other.scan_prefix("").await.unwrap(), ["a"]);
    drop(store);
    assert!(other.scan_prefix("").await.unwrap().is_empty());
}

#[test]
fn tokens_are_signed_by_the_published_key() {
    let tokens = TestTokens::new();
    let token = tokens.token(7, "ann");
    let keys: Value = serde_json::from_str(&tokens.jwks()).unwrap();
    let key = &keys["keys"][0];
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let public: [u8; 32] = decode(key["x"].as_str().unwrap()).try_into().unwrap();
    let (text, signature) = token.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&decode(signature)).unwrap();
    VerifyingKey::from_bytes(&public)
        .unwrap()
        .verify(text.as_bytes(), &signature)
        .unwrap();
    let (header, claims) = text.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    assert_eq!((&header["alg"], &header["kid"]), (&json!("EdDSA"), &key["kid"]));
    let claims: Claims = serde_json::from_slice(&decode(claims)).unwrap();
    assert_eq!((claims.sub.as_str(), claims.name.as_str()), ("7", "ann"));
}

#[test]
fn digests_name_every_caller() {
    let tokens = ServiceTokens::new();
    let digests = tokens.digests();
    assert_eq!(digests.split(',').count(), 6);
    for entry in digests.split(',') {
        let (caller, digest) = entry.split_once(':').unwrap();
        assert!(tokens.token(caller).starts_with(&format!("{caller}.")));
        assert!(digest.len() == 64 && !digests.contains(tokens.token(caller)));
    }
    assert_ne!(tokens.token("edge"), ServiceTokens::new().token("edge"));
}

#[tokio::test]
async fn a_proxy_passes_delays_stalls_and_cuts() {
    let address = serve(Router::new().route("/", get(|| async { "here" }))).await;
    let proxy = FaultProxy::new(&format!("http://{address}")).await;
    let client = Client::new(proxy.address());
    assert_eq!(client.get("/").await.text(), "here");

    proxy.delay(Duration::from_millis(150));
    let start = Instant::now();
    client.get("/").await;
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());

    proxy.stall();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.get("/").await.text() }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    proxy.resume();
    assert_eq!(waiting.await.unwrap(), "here");

    proxy.cut();
    let refused = Client::new(proxy.address());
    assert!(tokio::spawn(async move { refused.get("/").await }).await.is_err());
    proxy.resume();
    let again = Client::new(proxy.address());
    assert_eq!(again.get("/").await.text(), "here");
}

#[tokio::test]
async fn eventually_has_an_end() {
    let mut looks = 0;
    eventually(SOON, || {
        looks += 1;
        std::future::ready(looks == 3)
    })
    .await;
    let never = tokio::spawn(eventually(Duration::from_millis(50), || async { None::<()> }));
    assert!(never.await.unwrap_err().is_panic());
}
