//! Against servers that do what socketioxide never would, and against itself behind a proxy that is sticky by a cookie.

use super::*;
use crate::protocol::fixture::serve;
use axum::{
    Router,
    extract::{Query, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use socketioxide::{SocketIo as Server, extract::SocketRef};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

const OPEN: &str = r#"0{"sid":"s","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":20}"#;

fn options(transports: Transports) -> Rc<Options> {
    Rc::new(Options {
        transports,
        ..Options::default()
    })
}

/// Answers polls with these payloads, one after the other, then lets them wait; posts with `posted`. Keeps the posts.
#[derive(Clone)]
struct Script {
    polls: Arc<Vec<&'static str>>,
    polled: Arc<AtomicUsize>,
    posted: &'static str,
    posts: Arc<Mutex<Vec<String>>>,
}

async fn play(script: Script) -> Connector {
    let polls = async |State(script): State<Script>, Query(query): Query<HashMap<String, String>>| {
        if query["transport"] == "websocket" {
            return (StatusCode::FORBIDDEN, "no websockets").into_response();
        }
        assert_eq!(query["EIO"], "4");
        let at = script.polled.fetch_add(1, Ordering::SeqCst);
        assert_eq!(query.get("sid").map(String::as_str), (at > 0).then_some("s"));
        match script.polls.get(at) {
            Some(payload) => payload.into_response(),
            None => std::future::pending().await,
        }
    };
    let posts = async |State(script): State<Script>, body: String| {
        script.posts.lock().unwrap().push(body);
        script.posted
    };
    serve(
        Router::new()
            .route("/socket.io/", get(polls).post(posts))
            .with_state(script),
    )
    .await
}

fn script(polls: &[&'static str]) -> Script {
    Script {
        polls: Arc::new(polls.to_vec()),
        polled: Arc::default(),
        posted: "ok",
        posts: Arc::default(),
    }
}

async fn polling(script: Script) -> Result<EngineIo, Failure> {
    EngineIo::open(&play(script).await, &options(Transports::Polling)).await
}

#[tokio::test]
async fn payloads_are_split_and_posts_stay_below_the_servers_limit() {
    let script = script(&[OPEN, "4one\x1e2\x1e4two", "6"]);
    let mut session = polling(script.clone()).await.unwrap();
    assert_eq!(session.next().await.unwrap().text(), "one");
    assert_eq!(session.next().await.unwrap().text(), "two");
    session.flush().await.unwrap();
    assert_eq!(
        script.posts.lock().unwrap().drain(..).collect::<Vec<_>>(),
        ["3"],
        "the ping was answered"
    );
    for text in [
        "aaaaaaaa",
        "bbbbbbbb",
        "cccccccc",
        "a message that is longer than the limit",
    ] {
        session.send(text);
    }
    session.flush().await.unwrap();
    let posts = script.posts.lock().unwrap().drain(..).collect::<Vec<_>>();
    assert_eq!(
        posts,
        [
            "4aaaaaaaa\x1e4bbbbbbbb",
            "4cccccccc",
            "4a message that is longer than the limit"
        ]
    );
    session.close().await.unwrap();
    assert_eq!(*script.posts.lock().unwrap(), ["1"]);
}

#[tokio::test]
async fn the_first_payload_may_hold_more_than_the_handshake() {
    let first: &'static str = format!("{OPEN}\x1e4early").leak();
    let mut session = polling(script(&[first])).await.unwrap();
    assert_eq!(session.handshake().sid, "s");
    assert_eq!(session.next().await.unwrap().text(), "early");
}

#[tokio::test]
async fn servers_that_break_the_rules_are_found_out() {
    for (second, kind, detail) in [
        ("1", "closed", "ended the session"),
        ("9", "protocol", "packet type"),
        ("", "protocol", "empty"),
        ("4a\x1e4b\x1e", "protocol", "empty"),
        ("bAQID", "protocol", "binary"),
        ("3probe", "protocol", "no place"),
        (OPEN, "protocol", "no place"),
    ] {
        let mut session = polling(script(&[OPEN, second])).await.unwrap();
        for text in ["a", "b"].iter().filter(|_| second.starts_with("4a")) {
            assert_eq!(session.next().await.unwrap().text(), *text, "told before the failure");
        }
        let failure = session.next().await.unwrap_err();
        assert_eq!(failure.kind, kind, "{second:?}: {failure}");
        assert!(failure.detail.contains(detail), "{second:?}: {failure}");
        assert_eq!(session.next().await.unwrap_err(), failure, "it stays over");
    }
    for first in ["", "4hello", "0{\"sid\":1}"] {
        assert_eq!(
            polling(script(&[first])).await.err().unwrap().kind,
            "protocol",
            "{first:?}"
        );
    }
    let mut session = polling(Script {
        posted: "no",
        ..script(&[OPEN])
    })
    .await
    .unwrap();
    session.send("x");
    let failure = session.flush().await.unwrap_err();
    assert!(failure.kind == "body" && failure.detail.contains("no"), "{failure}");
}

#[tokio::test]
async fn a_server_without_pings_is_gone() {
    let first = r#"0{"sid":"s","upgrades":[],"pingInterval":20,"pingTimeout":10}"#;
    let mut session = polling(script(&[first])).await.unwrap();
    let failure = session.next().await.unwrap_err();
    assert!(
        failure.kind == "timeout" && failure.detail.contains("no ping within 30ms"),
        "{failure}"
    );
}

#[tokio::test]
async fn an_upgrade_that_fails_is_no_quiet_matter() {
    let connector = play(script(&[OPEN])).await;
    let mut session = EngineIo::open(&connector, &options(Transports::Upgrade)).await.unwrap();
    let failure = session.upgraded().await.unwrap_err();
    assert_eq!(failure.kind, "status");
    assert!(failure.detail.starts_with("upgrade to websocket: 403"), "{failure}");
    let none = r#"0{"sid":"s","upgrades":[],"pingInterval":20,"pingTimeout":10}"#;
    let connector = play(script(&[none])).await;
    let failure = EngineIo::open(&connector, &options(Transports::Upgrade))
        .await
        .err()
        .unwrap();
    assert!(
        failure.kind == "protocol" && failure.detail.contains("offers no upgrade"),
        "{failure}"
    );
}

/// What came, in order: the method, or `upgrade`.
type Log = Arc<Mutex<Vec<String>>>;

/// As the edge's sticky cookie: set by the first answer, and required from then on.
async fn sticky(State(log): State<Log>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let is_first = !query.contains("&sid=");
    let cookies = request
        .headers()
        .get(header::COOKIE)
        .and_then(|line| line.to_str().ok())
        .unwrap_or_default();
    let is_known = cookies.contains("edge_affinity=b1") && cookies.contains("access_token=t");
    if !is_first && !is_known {
        return (StatusCode::BAD_REQUEST, "sent to another backend").into_response();
    }
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    log.lock().unwrap().push(if is_upgrade {
        "upgrade".into()
    } else {
        request.method().to_string()
    });
    let mut response = next.run(request).await;
    if is_first {
        let cookie = HeaderValue::from_static("edge_affinity=b1; Path=/; HttpOnly; SameSite=Lax");
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

async fn sticky_server() -> (Connector, Log) {
    let (layer, server) = Server::new_layer();
    server.ns("/", async |_socket: SocketRef| ());
    let log = Log::default();
    let router = Router::new()
        .layer(layer)
        .layer(from_fn_with_state(log.clone(), sticky));
    (serve(router).await, log)
}

fn with_token(transports: Transports) -> Rc<Options> {
    let mut options = Options {
        transports,
        ..Options::default()
    };
    options
        .headers
        .insert(header::COOKIE, HeaderValue::from_static("access_token=t"));
    Rc::new(options)
}

#[tokio::test]
async fn cookies_are_kept_over_polls_posts_and_the_upgrade() {
    let (connector, log) = sticky_server().await;
    let mut session = EngineIo::open(&connector, &with_token(Transports::Upgrade))
        .await
        .unwrap();
    session.send("0");
    assert!(session.next().await.unwrap().text().starts_with("0{\"sid\""));
    session.upgraded().await.unwrap();
    let so_far = log.lock().unwrap().clone();
    assert_eq!(so_far[0], "GET");
    assert_eq!(so_far.iter().filter(|entry| *entry == "upgrade").count(), 1);
    assert!(
        so_far.iter().any(|entry| entry == "POST"),
        "CONNECT went by post: {so_far:?}"
    );
    // Leaving and entering again goes by WebSocket alone.
    session.send("1");
    session.send("0");
    assert!(session.next().await.unwrap().text().starts_with("0{\"sid\""));
    assert_eq!(*log.lock().unwrap(), so_far, "no more polls");
    session.close().await.unwrap();
}

#[tokio::test]
async fn websocket_from_the_start_asks_once() {
    let (connector, log) = sticky_server().await;
    let mut session = EngineIo::open(&connector, &with_token(Transports::WebSocket))
        .await
        .unwrap();
    assert_eq!(session.transport(), "websocket");
    session.send("0");
    assert!(session.next().await.unwrap().text().starts_with("0{\"sid\""));
    session.upgraded().await.unwrap();
    assert_eq!(*log.lock().unwrap(), ["upgrade"]);
    session.close().await.unwrap();
}
