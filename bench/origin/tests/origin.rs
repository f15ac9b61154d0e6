//! An origin as a client sees it, well and at fault.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bench_origin::{Counts, Origin, SMALL, Settings, Wrong, byte_at};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

type Http = Client<HttpConnector, Full<Bytes>>;

fn h1() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

fn h2() -> Http {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http()
}

fn start() -> Origin {
    Origin::start(Settings {
        admin: Some("127.0.0.1:0".parse().unwrap()),
        threads: 2,
        jwks: r#"{"keys":["a"]}"#.to_owned(),
        ..Settings::default()
    })
    .unwrap()
}

async fn get(http: &Http, origin: &Origin, path: &str) -> (StatusCode, String) {
    let uri = format!("http://{}{path}", origin.address()).parse().unwrap();
    let answer = http.get(uri).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

async fn post(http: &Http, url: String, body: &'static str) -> (StatusCode, String) {
    let answer = http
        .request(Request::post(url).body(Full::from(body)).unwrap())
        .await
        .unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn both_protocols_get_the_same_answers() {
    let origin = start();
    for http in [h1(), h2()] {
        let ok = |body: &str| (StatusCode::OK, body.to_owned());
        assert_eq!(SMALL.len(), 60);
        assert_eq!(get(&http, &origin, "/").await, ok(SMALL));
        assert_eq!(get(&http, &origin, "/nonce/a1").await, ok(r#"{"nonce":"a1"}"#));
        assert_eq!(get(&http, &origin, "/delay/1").await, ok(SMALL));
        assert_eq!(get(&http, &origin, "/user").await, ok(r#"{"user":null,"token":false}"#));
        assert_eq!(
            get(&http, &origin, "/.well-known/jwks.json").await,
            ok(r#"{"keys":["a"]}"#)
        );
        assert_eq!(get(&http, &origin, "/health/ready").await, ok(""));
        assert_eq!(get(&http, &origin, "/nowhere").await.0, StatusCode::NOT_FOUND);
        let echo = format!("http://{}/echo", origin.address());
        assert_eq!(post(&http, echo, "hello").await, ok("hello"));
        let sink = format!("http://{}/sink", origin.address());
        assert_eq!(post(&http, sink, "hello").await, ok(r#"{"bytes":5}"#));
    }
}

#[tokio::test]
async fn the_user_a_proxy_names_is_told() {
    let origin = start();
    let request = Request::get(format!("http://{}/user", origin.address()))
        .header("x-user-id", "7")
        .header("x-service-token", "edge.s");
    let answer = h1().request(request.body(Full::default()).unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, r#"{"user":"7","token":true}"#);
    assert_eq!(origin.counts().with_user, 1);
}

#[tokio::test]
async fn sizes_and_counts_are_as_asked() {
    let origin = start();
    let http = h1();
    let (_, body) = get(&http, &origin, "/json?n=3").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["count"], 3);
    let ids: Vec<u64> = body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, [1, 2, 3]);

    let uri = format!("http://{}/bytes/200000", origin.address()).parse().unwrap();
    let answer = http.get(uri).await.unwrap();
    assert_eq!(answer.headers()["content-length"], "200000");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len(), 200_000);
    assert!((0..).zip(&body).all(|(at, byte)| byte_at(at) == *byte));
}

#[tokio::test]
async fn events_come_in_order_and_on_time() {
    let origin = start();
    let began = Instant::now();
    let (_, body) = get(&h1(), &origin, "/sse?n=3&every=20").await;
    assert!(began.elapsed() >= Duration::from_millis(40));
    let data: Vec<Value> = body
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect();
    let numbers: Vec<u64> = data.iter().map(|event| event["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(body.starts_with("id: 1\n"));
}

#[tokio::test]
async fn a_socket_echoes() {
    let origin = start();
    let url = format!("ws://{}/ws", origin.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    for message in [Message::text("one"), Message::binary(vec![1, 2, 3])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    socket.send(Message::Ping("p".into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong("p".into()));
    socket.close(None).await.unwrap();
    let plain = get(&h1(), &origin, "/ws").await;
    assert_eq!(plain.0, StatusCode::UPGRADE_REQUIRED);
}

#[tokio::test]
async fn a_frozen_origin_answers_when_it_thaws() {
    let origin = start();
    let http = h1();
    get(&http, &origin, "/").await;
    let began = Instant::now();
    origin.faults().freeze(Duration::from_millis(300));
    let (open, fresh) = (h1(), h1());
    let both = tokio::join!(get(&http, &origin, "/"), get(&open, &origin, "/"));
    assert_eq!(both.0.1, SMALL);
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    assert_eq!(get(&fresh, &origin, "/").await.1, SMALL);
}

#[tokio::test]
async fn delays_are_added_to_all_answers_and_taken_back() {
    let origin = start();
    let http = h1();
    let steer = |query: &str| format!("http://{}/faults?{query}", origin.admin_address().unwrap());
    assert_eq!(post(&http, steer("delay=100"), "").await.0, StatusCode::NO_CONTENT);
    let began = Instant::now();
    get(&http, &origin, "/nonce/x").await;
    assert!(began.elapsed() >= Duration::from_millis(100));
    assert_eq!(post(&http, steer("delay=x"), "").await.0, StatusCode::BAD_REQUEST);
    post(&http, steer("clear"), "").await;
    let request = tokio::time::timeout(Duration::from_secs(5), get(&http, &origin, "/"));
    assert_eq!(request.await.unwrap().1, SMALL);
}

#[tokio::test]
async fn a_refusing_origin_ends_connections_without_an_answer() {
    let origin = start();
    let http = h1();
    get(&http, &origin, "/").await;
    origin.faults().refuse(true);
    let uri: http::Uri = format!("http://{}/", origin.address()).parse().unwrap();
    assert!(http.get(uri.clone()).await.is_err(), "on an open connection");
    assert!(h1().get(uri).await.is_err(), "on a new one");
    origin.faults().clear();
    assert_eq!(get(&http, &origin, "/").await.1, SMALL);
}

#[tokio::test]
async fn a_cut_answer_promises_more_than_it_sends() {
    let origin = start();
    origin.faults().cut_after(Some(10));
    for (path, length) in [("/", 60), ("/bytes/100000", 100_000)] {
        let mut stream = TcpStream::connect(origin.address()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        // The end is what is waited for; a reset is one.
        let _ = stream.read_to_end(&mut seen).await;
        let seen = String::from_utf8_lossy(&seen);
        let (head, body) = seen.split_once("\r\n\r\n").expect("the head is sent");
        assert!(head.contains(&format!("content-length: {length}")), "{head}");
        assert_eq!(body.len(), 10, "{path}");
    }
}

#[tokio::test]
async fn wrong_answers_look_right() {
    let origin = start();
    let http = h1();
    origin.faults().wrong(Some(Wrong::Missing));
    let (status, body) = get(&http, &origin, "/json?n=5").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["count"]), (StatusCode::OK, &Value::from(5)));
    assert_eq!(body["items"].as_array().unwrap().len(), 4);

    origin.faults().wrong(Some(Wrong::Stale));
    get(&http, &origin, "/nonce/first").await;
    assert_eq!(get(&http, &origin, "/nonce/second").await.1, r#"{"nonce":"first"}"#);

    origin.faults().wrong(Some(Wrong::Body));
    assert_ne!(get(&http, &origin, "/").await.1, SMALL);
}

#[tokio::test]
async fn requests_and_connections_are_counted() {
    let origin = start();
    let http = h1();
    for _ in 0..5 {
        get(&http, &origin, "/").await;
    }
    let (_, stats) = get(&http, &origin, "/stats").await;
    let seen: Counts = serde_json::from_str(&stats).unwrap();
    assert_eq!((seen.requests, seen.connections, seen.open), (6, 1, 1));
    drop(http);
    let end = Instant::now() + Duration::from_secs(5);
    while origin.counts().open > 0 {
        assert!(Instant::now() < end, "the connection is still counted as open");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_origin_ends_with_its_value() {
    let origin = start();
    let address = origin.address();
    let http = h1();
    get(&http, &origin, "/").await;
    tokio::task::spawn_blocking(move || drop(origin)).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
