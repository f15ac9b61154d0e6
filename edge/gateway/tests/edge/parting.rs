//! What is open has to leave where the edge stops, its target is drained or its route leads elsewhere: in good order, each at a moment of
//! its own, and only where it has to.

use crate::{
    sockets::{Socket, echo, field, origin},
    support::{Edge, NOTIFICATIONS, PATIENCE, Setup},
};
use http::Method;
use rustix::process::Signal;
use serde_json::json;
use shared_testkit::eventually;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

const SPREAD: Duration = Duration::from_secs(2);
const SOCKETS: usize = 40;
/// A frame.
const WORD: &str = "\x01\x05still";

fn setup(targets: &[SocketAddr]) -> Setup {
    let sticky = "targets: \"${NOTIFICATIONS_TARGETS:-127.0.0.1:3005}\"\n    load_balancing: round_robin";
    let setup = Setup::new()
        .targets("NOTIFICATIONS", targets)
        .edit(NOTIFICATIONS, sticky);
    let setup = setup.edit("redis: { url", "drain: { spread: 2s }\nredis: { url");
    setup.edit("rate: 100/15m", "rate: 1000000/15m")
}

/// Reads to the end, which must be an orderly one. Tells the status of the close frame, and when it came.
async fn closed(mut socket: Socket) -> (u16, Instant) {
    let mut rest = Vec::new();
    let read = timeout(PATIENCE, socket.0.read_to_end(&mut rest)).await;
    read.expect("an end").expect("no reset");
    assert!(rest.len() >= 4 && rest[0] == 0x88, "{rest:?}");
    (u16::from_be_bytes([rest[2], rest[3]]), Instant::now())
}

async fn open(edge: &Edge, count: usize) -> Vec<(Socket, String)> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        sockets.push(Socket::open(edge.public, "").await);
    }
    sockets
}

/// Waits until all are closed with this status; tells after which times.
async fn all_closed(sockets: Vec<Socket>, status: u16, since: Instant) -> Vec<Duration> {
    let mut closing: JoinSet<_> = sockets.into_iter().map(closed).collect();
    let mut times = Vec::new();
    while let Some(one) = closing.join_next().await {
        let (seen, at) = one.unwrap();
        assert_eq!(seen, status);
        times.push(at - since);
    }
    times.sort();
    times
}

/// Whether they were closed one by one within the time.
fn are_spread(times: &[Duration]) -> bool {
    let (first, last) = (times[0], times[times.len() - 1]);
    first < SPREAD / 2 && last > SPREAD / 2 && last < SPREAD + Duration::from_secs(2)
}

async fn place(edge: &Edge, target: SocketAddr, state: &str) {
    let path = format!("/upstreams/notifications/targets/{target}/override");
    edge.ask(Method::PUT, &path, json!({ "state": state }))
        .await
        .expect_status(200);
}

fn cookie(answer: &str) -> String {
    let cookie = field(answer, "set-cookie").unwrap();
    format!("cookie: {}\r\n", cookie.split(';').next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_stops_closes_its_sockets_one_by_one() {
    let setup = setup(&[echo("").await]);
    let mut edge = setup.start().await;
    let sockets = open(&edge, SOCKETS)
        .await
        .into_iter()
        .map(|(socket, _)| socket)
        .collect();
    let began = Instant::now();
    edge.signal(Signal::TERM);
    let times = all_closed(sockets, 1001, began).await;
    assert!(are_spread(&times), "{times:?}");
    assert!(edge.ended().await.success());
    assert!(
        began.elapsed() < SPREAD + Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_a_drained_target_leave_it_and_do_not_come_back() {
    let targets = [echo("").await, echo("").await];
    let setup = setup(&targets);
    let edge = setup.start().await;
    let opened = open(&edge, SOCKETS).await;
    // In turn: every other one is at the first.
    let own = cookie(&opened[0].1);
    let (mut leaving, mut staying) = (Vec::new(), Vec::new());
    for (socket, answer) in opened {
        match cookie(&answer) == own {
            true => leaving.push(socket),
            false => staying.push(socket),
        }
    }
    assert_eq!((leaving.len(), staying.len()), (SOCKETS / 2, SOCKETS / 2));
    let (_, answer) = Socket::open(edge.public, &own).await;
    assert!(field(&answer, "set-cookie").is_none(), "it is bound: {answer}");
    let began = Instant::now();
    let first = drained(&edge, &targets, &own).await;
    let times = all_closed(leaving, 1012, began).await;
    assert!(are_spread(&times), "{times:?}");
    // Who was there comes again, and is bound to the other one.
    let (_socket, answer) = Socket::open(edge.public, &own).await;
    assert_ne!(cookie(&answer), own);
    for socket in &mut staying {
        socket.says(WORD).await;
        socket.hears(WORD).await;
    }
    place(&edge, first, "drain").await;
    eventually(PATIENCE, || async { edge.status().await["streams"] == SOCKETS / 2 + 1 }).await;
}

/// Drains the target that a cookie names. Which one it is shows only by trying.
async fn drained(edge: &Edge, targets: &[SocketAddr], cookie: &str) -> SocketAddr {
    for target in targets {
        place(edge, *target, "drain").await;
        let (_, answer) = Socket::open(edge.public, cookie).await;
        if field(&answer, "set-cookie").is_some() {
            return *target;
        }
        let path = format!("/upstreams/notifications/targets/{target}/override");
        edge.ask(Method::DELETE, &path, json!(null)).await.expect_status(200);
    }
    panic!("neither is it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_moves_those_alone_whose_route_leads_elsewhere() {
    let setup = setup(&[echo("").await]);
    let edge = setup.start().await;
    let (mut socket, _) = Socket::open(edge.public, "").await;
    for (from, to) in [
        ("refresh: 10m", "refresh: 11m"),
        ("same_site: lax", "same_site: strict"),
    ] {
        setup.rewrite(from, to);
        assert_eq!(edge.reload().await["outcome"], "applied");
        socket.says(WORD).await;
        socket.hears(WORD).await;
    }
    let began = Instant::now();
    setup.rewrite("rewrite_prefix: /socket.io", "rewrite_prefix: /other.io");
    assert_eq!(edge.reload().await["outcome"], "applied");
    let times = all_closed(vec![socket], 1012, began).await;
    assert!(times[0] < SPREAD + Duration::from_secs(2), "{times:?}");
}

async fn events(say: &'static str) -> SocketAddr {
    origin(move |_, mut stream| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = format!("{head}{:x}\r\n{say}\r\n", say.len());
        if stream.write_all(chunk.as_bytes()).await.is_ok() {
            let _ = stream.read(&mut [0]).await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_is_told_when_to_come_again() {
    for (say, is_whole) in [
        ("data: first\n\n", true),
        ("data: first\r\n\r\n", true),
        ("data: fir", false),
    ] {
        let (setup, _auth) = setup(&[echo("").await])
            .targets("COMMENTS", &[events(say).await])
            .origin("AUTH")
            .await;
        let mut edge = setup.start().await;
        edge.knows_issuer().await;
        let mut stream = TcpStream::connect(edge.public).await.unwrap();
        let token = setup.tokens.token(7, "ann");
        let head =
            format!("GET /api/sse/comments/1 HTTP/1.1\r\nhost: feed.example\r\nauthorization: Bearer {token}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut heard = vec![0; 4096];
        let mut length = 0;
        while !String::from_utf8_lossy(&heard[..length]).contains(say) {
            length += timeout(PATIENCE, stream.read(&mut heard[length..]))
                .await
                .unwrap()
                .unwrap();
        }
        edge.signal(Signal::TERM);
        let mut rest = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut rest))
            .await
            .expect("an end")
            .expect("no reset");
        assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
        assert_eq!(rest.contains("retry: "), is_whole, "{say:?}: {rest:?}");
        assert!(edge.ended().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_waits_is_told_that_its_session_is_over() {
    let silent = origin(|head, mut stream| async move {
        if head.contains("sid=") {
            let _ = stream.read(&mut [0]).await;
            return;
        }
        let opened = "0{\"sid\":\"s1\"}";
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{opened}", opened.len());
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let setup = setup(&[silent]);
    let mut edge = setup.start().await;
    let client = edge.client();
    let path = "/notifications/socket.io/?EIO=4&transport=polling";
    client.get(path).await.expect_status(200);
    let poll = tokio::spawn(async move { client.get(&format!("{path}&sid=s1")).await });
    eventually(PATIENCE, || async { edge.status().await["streams"] == 1 }).await;
    edge.signal(Signal::TERM);
    let answer = poll.await.unwrap().expect_status(200);
    assert_eq!(answer.text(), "1");
    assert!(edge.ended().await.success());
}
