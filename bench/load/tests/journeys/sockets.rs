//! WebSockets and Socket.IO sessions as steps.

use crate::support::{serve, serve_with, try_out};
use axum::Router;
use bench_origin::{Origin, Settings};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use socketioxide::{
    SocketIo,
    extract::{AckSender, Data, SocketRef, TryData},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::net::TcpStream;

#[test]
fn messages_come_back() {
    let origin = Origin::start(Settings::default()).unwrap();
    let run = try_out(
        origin.address(),
        "journeys:\n  echo:\n    steps:\n      - websocket: /ws\n        messages:\n          \
         - { send: 'so {{nonce}}', expect: { body: 'so {{nonce}}', nonce: body } }\n          \
         - { json: { a: [1, '{{client}}'] }, expect: { json: { /a/0: 1 }, count: { /a: 2 } } }",
    );
    assert!(run.passed(), "{}", run.worst());
    let wrong = try_out(
        origin.address(),
        "journeys: { echo: { steps: [{ websocket: /ws, messages: [{ send: a, expect: { body: b } }] }] } }",
    );
    assert!(!wrong.passed());
    assert_eq!(wrong.worst(), "body: `a`, not `b`");
}

/// Echoes, and counts the connections it had.
fn counting() -> (SocketAddr, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    let address = serve_with(async move |listener| {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(echo(stream));
        }
    });
    (address, count)
}

/// Goes without a word when it is told to leave.
async fn echo(stream: TcpStream) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        let leave = message.to_text().is_ok_and(|text| text == "leave");
        if leave || (message.is_text() && socket.send(message).await.is_err()) {
            break;
        }
    }
}

#[test]
fn a_kept_session_is_used_by_all_iterations_of_its_client() {
    let (address, count) = counting();
    let journey = |keep| {
        format!(
            "journeys: {{ echo: {{ steps: [{{ websocket: /ws, keep: {keep}, messages: [{{ send: a, expect: {{ body: a }} }}] }}] }} }}"
        )
    };
    assert!(try_out(address, &journey(true)).passed());
    assert!(count.load(Ordering::Relaxed) <= 4, "{count:?}");
    count.store(0, Ordering::Relaxed);
    assert!(try_out(address, &journey(false)).passed());
    assert_eq!(count.load(Ordering::Relaxed), 100);
}

#[test]
fn a_session_that_breaks_fails_its_step_and_the_next_one_opens_another() {
    let (address, count) = counting();
    let run = try_out(
        address,
        "journeys: { leave: { steps: [{ websocket: /ws, keep: true, messages: [{ send: leave, expect: {} }] }] } }",
    );
    assert_eq!(run.measured.totals.failed, 100);
    assert_eq!(count.load(Ordering::Relaxed), 100);
}

fn notifications() -> SocketAddr {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef, auth: TryData<Value>| {
        let user = auth.0.ok().and_then(|auth| auth["token"].as_str().map(str::to_owned));
        socket.on(
            "subscribe",
            async move |socket: SocketRef, Data::<Value>(id), ack: AckSender| {
                let ok = user.as_deref() == Some("secret");
                ack.send(&json!({ "ok": ok })).ok();
                socket.emit("noise", &json!(1)).ok();
                socket.emit("notification", &json!({ "for": id })).ok();
            },
        );
    });
    serve(Router::new().layer(layer))
}

#[test]
fn socketio_connects_upgrades_emits_and_hears() {
    let address = notifications();
    for transports in ["[polling, websocket]", "[polling]", "[websocket]"] {
        let journey = |token: &str| {
            format!(
                "client: {{ variables: {{ id: 7 }} }}\njourneys:\n  live:\n    steps:\n      - socketio: /socket.io\n        transports: {transports}\n        \
                 auth: {{ token: {token} }}\n        messages:\n          - {{ emit: subscribe, args: ['{{{{id}}}}'], ack: {{ json: {{ /0/ok: true }} }} }}\n          \
                 - {{ event: notification, expect: {{ json: {{ /0/for: 7 }} }} }}"
            )
        };
        let run = try_out(address, &journey("secret"));
        assert!(run.passed(), "{transports}: {}", run.worst());
        let refused = try_out(address, &journey("wrong"));
        assert_eq!(refused.worst(), "json: /0/ok is false, not true", "{transports}");
    }
}
