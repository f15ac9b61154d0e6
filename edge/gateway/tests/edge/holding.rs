//! What stays open is bounded: for one user, for one instance, for all; and what nothing moves in ends.

use crate::{
    origins::Origin,
    sockets::{PATH, Socket, echo, field},
    streams::engine_io_origin,
    support::{COMMENTS, Edge, PATIENCE, Setup},
    tunnels::{is_quiet, setup},
};
use shared_testkit::{Client, eventually};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

const EVENTS: &str = "/api/sse/comments/1";

/// Two for each user, three for all.
async fn bounded() -> (Setup, Edge, [Origin; 2]) {
    let setup = setup(&[echo("").await]).edit(
        "connections_per_ip: 1024",
        "connections_per_ip: 1024, tunnels: 3, tunnels_per_user: 2",
    );
    let (setup, auth) = setup.origin("AUTH").await;
    let (setup, comments) = setup.origin("COMMENTS").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    comments.say("hello").await;
    (setup, edge, [auth, comments])
}

fn user(setup: &Setup, edge: &Edge, id: i64) -> Client {
    let token = format!("Bearer {}", setup.tokens.token(id, "ann"));
    edge.client().header("authorization", &token)
}

fn bearer(setup: &Setup, id: i64) -> String {
    format!("authorization: Bearer {}\r\n", setup.tokens.token(id, "ann"))
}

/// Asks for a socket that there is no room for; tells status and code.
async fn refused(edge: &Edge, fields: &str) -> (String, String) {
    let mut socket = Socket::connect(edge.public).await;
    socket.ask(fields, "").await;
    let answer = socket.answer().await;
    assert_eq!(
        field(&answer, "content-type"),
        Some("application/problem+json"),
        "{answer}"
    );
    assert_eq!(field(&answer, "retry-after"), Some("1"), "{answer}");
    let length = field(&answer, "content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    socket.0.read_exact(&mut body).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    (answer[9..12].to_owned(), body["code"].as_str().unwrap().to_owned())
}

fn told(status: &str, code: &str) -> (String, String) {
    (status.to_owned(), code.to_owned())
}

async fn refusals(edge: &Edge) -> [f64; 2] {
    let count = |bound| {
        edge.metric(match bound {
            0 => "edge_tunnels_refused_total{bound=\"all\"}",
            _ => "edge_tunnels_refused_total{bound=\"user\"}",
        })
    };
    [count(0).await, count(1).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_and_all_hold_no_more_than_their_share_of_sockets_and_streams() {
    let (setup, edge, _origins) = bounded().await;
    let (ann, ben) = (bearer(&setup, 7), bearer(&setup, 8));
    let (first, _) = Socket::open(edge.public, &ann).await;
    let mut events = user(&setup, &edge, 7).events(EVENTS).await;
    assert_eq!(events.next(PATIENCE).await.unwrap().data, "hello");
    assert_eq!(refused(&edge, &ann).await, told("429", "TOO_MANY_TUNNELS"));
    let stream = user(&setup, &edge, 7).get(EVENTS).await.expect_status(429);
    assert_eq!(stream.problem().code.as_str(), "TOO_MANY_TUNNELS");
    // Another user has a share of its own, and so has who is not signed in; but all have no more than three.
    let (second, _) = Socket::open(edge.public, &ben).await;
    assert_eq!(refused(&edge, "").await, told("503", "EDGE_FULL"));
    assert_eq!(refusals(&edge).await, [1.0, 2.0]);
    // What opens nothing is not counted.
    user(&setup, &edge, 7).get("/api/auth/me").await.expect_status(200);
    let explained = edge
        .types(&[
            "explain",
            "GET",
            PATH,
            "-H",
            "connection: upgrade",
            "-H",
            "upgrade: websocket",
        ])
        .await;
    assert!(
        explained.1.contains("EDGE_FULL") || explained.1.contains("all together hold"),
        "{}",
        explained.1
    );
    // What ends makes room, whoever ends it.
    drop((first, events));
    eventually(PATIENCE, || async { edge.status().await["streams"] == 1 }).await;
    let (third, _) = Socket::open(edge.public, "").await;
    let (fourth, _) = Socket::open(edge.public, "").await;
    // A reload raises the bounds at once.
    setup.rewrite("tunnels: 3, tunnels_per_user: 2", "tunnels: 9, tunnels_per_user: 3");
    assert_eq!(edge.reload().await["outcome"], "applied");
    let (fifth, _) = Socket::open(edge.public, "").await;
    assert_eq!(
        refused(&edge, "").await,
        told("429", "TOO_MANY_TUNNELS"),
        "one address is one client"
    );
    drop((second, third, fourth, fifth));
    is_quiet(&edge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_by_a_service_or_ends_by_itself_holds_nothing() {
    let polls = engine_io_origin("one").await;
    let setup = setup(&[polls]).edit(
        "connections_per_ip: 1024",
        "connections_per_ip: 1024, tunnels: 1, tunnels_per_user: 1",
    );
    let edge = setup.start().await;
    for _ in 0..3 {
        let mut socket = Socket::connect(edge.public).await;
        socket.ask("", "").await;
        assert!(socket.answer().await.starts_with("HTTP/1.1 200 "));
        edge.client()
            .get(&PATH.replace("websocket", "polling"))
            .await
            .expect_status(200);
    }
    assert_eq!(refusals(&edge).await, [0.0, 0.0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_gets_no_more_sockets_than_it_may_hold() {
    let (one, two) = (echo("").await, echo("").await);
    let breaker = "open_for: 2s, half_open_requests: 3, recovery: 2s }";
    let setup = setup(&[one, two])
        .edit("3005}\"\n", "3005}\"\n    circuit_breaker: standard\n")
        .edit(
            breaker,
            "open_for: 2s, half_open_requests: 3, recovery: 2s, max_requests_per_target: 2 }",
        );
    let edge = setup.start().await;
    let (first, answer) = Socket::open(edge.public, "").await;
    let cookie = field(&answer, "set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let cookie = format!("cookie: {cookie}\r\n");
    let mut open = vec![first];
    // Who is bound to an instance that is full begins anew at the other one, and is not kept waiting for it.
    for _ in 0..3 {
        open.push(Socket::open(edge.public, &cookie).await.0);
    }
    for target in [one, two] {
        let held = format!("edge_target_requests_in_flight{{upstream=\"notifications\",target=\"{target}\"}}");
        assert_eq!(edge.metric(&held).await, 2.0);
    }
    for fields in ["", &cookie] {
        assert_eq!(refused(&edge, fields).await, told("503", "NO_TARGET"));
    }
    drop(open);
    is_quiet(&edge).await;
    Socket::open(edge.public, &cookie).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_moves_in_ends() {
    let setup = setup(&[echo("").await]).edit("idle: 60s }", "idle: 60s, silence: 1s }");
    let (setup, comments) = setup
        .edit(COMMENTS, "targets: \"${COMMENTS_TARGETS:-127.0.0.1:3004}\"")
        .origin("COMMENTS")
        .await;
    let (setup, _auth) = setup.origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let (mut beats, _) = Socket::open(edge.public, "").await;
    let (mut silent, _) = Socket::open(edge.public, "").await;
    let began = Instant::now();
    let mut ended = tokio::spawn(async move {
        assert_eq!(silent.rest().await, "");
        began.elapsed()
    });
    let took = loop {
        beats.says("beat").await;
        beats.hears("beat").await;
        match tokio::time::timeout(Duration::from_millis(100), &mut ended).await {
            Ok(took) => break took.unwrap(),
            Err(_) => assert!(began.elapsed() < PATIENCE),
        }
    };
    assert!(took >= Duration::from_millis(900), "{took:?}");
    let timed_out = "edge_tunnels_ended_total{route=\"socket\",why=\"timed_out\"}";
    eventually(PATIENCE, || async { edge.metric(timed_out).await == 1.0 }).await;
    assert_eq!(edge.metric("edge_tunnels{route=\"socket\"}").await, 1.0);
    // A stream whose service says nothing is ended too.
    comments.say("hello").await;
    let mut events = user(&setup, &edge, 7).events(EVENTS).await;
    assert_eq!(events.next(PATIENCE).await.unwrap().data, "hello");
    assert!(events.next(PATIENCE).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_counted_both_ways() {
    let setup = setup(&[crate::streams::socket_origin().await]);
    let edge = setup.start().await;
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{}{PATH}", edge.public))
        .await
        .unwrap();
    use futures::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    socket.next().await.unwrap().unwrap();
    for length in [0, 10, 200, 70_000] {
        socket.send(Message::text("x".repeat(length))).await.unwrap();
        socket.send(Message::Ping(Vec::new().into())).await.unwrap();
        while !socket.next().await.unwrap().unwrap().is_text() {}
    }
    // Four and their echoes, behind one that tells how it was opened.
    for (direction, messages) in [("received", 4.0), ("sent", 5.0)] {
        let name = format!("edge_tunnel_messages_total{{route=\"socket\",direction=\"{direction}\"}}");
        eventually(PATIENCE, || async { edge.metric(&name).await == messages }).await;
    }
    assert_eq!(edge.metric("edge_tunnels_opened_total{route=\"socket\"}").await, 1.0);
}
