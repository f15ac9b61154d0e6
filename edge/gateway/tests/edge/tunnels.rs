//! WebSockets beyond the handshake's happy end: bytes keep their order, each end reaches the other.

use crate::{
    sockets::{KEY, PATH, Socket, echo, field, origin, switching},
    support::{Edge, NOTIFICATIONS, PATIENCE, Setup, free_address},
};
use shared_testkit::eventually;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::timeout,
};

const NO_PROBES: (&str, &str) = (NOTIFICATIONS, "targets: \"${NOTIFICATIONS_TARGETS:-127.0.0.1:3005}\"");

pub(crate) fn setup(targets: &[SocketAddr]) -> Setup {
    let setup = Setup::new()
        .targets("NOTIFICATIONS", targets)
        .edit(NO_PROBES.0, NO_PROBES.1);
    setup.edit("rate: 100/15m", "rate: 1000000/15m")
}

async fn edge(target: SocketAddr) -> (Setup, Edge) {
    let setup = setup(&[target]);
    let edge = setup.start().await;
    (setup, edge)
}

/// Nothing is counted as open any more.
pub(crate) async fn is_quiet(edge: &Edge) {
    eventually(PATIENCE, || async {
        let status = edge.status().await;
        status["requestsInFlight"] == 0 && status["streams"] == 0 && status["connections"] == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_keep_their_order_and_each_side_closes_by_itself() {
    let (_setup, edge) = edge(echo("hello").await).await;
    let mut socket = Socket::connect(edge.public).await;
    // What the client says before it is answered is not lost.
    socket.ask("", "early").await;
    assert!(socket.answer().await.starts_with("HTTP/1.1 101 "));
    socket.hears("helloearly").await;
    let long: String = (0..150_000).map(|n| format!("{n:07}")).collect();
    let (mut from, mut to) = socket.0.split();
    let send = async {
        to.write_all(long.as_bytes()).await.unwrap();
        // The client's end reaches the origin, which stops then: all it said before still arrives.
        to.shutdown().await.unwrap();
    };
    let mut heard = String::new();
    let hear = timeout(PATIENCE, from.read_to_string(&mut heard));
    let ((), read) = tokio::join!(send, hear);
    read.expect("an end").unwrap();
    assert!(heard == long, "{} of {} bytes", heard.len(), long.len());
    is_quiet(&edge).await;
    let sent = format!("received={} sent={}", long.len() + 5, long.len() + 10);
    eventually(PATIENCE, || async {
        let log = edge.log();
        log.lines()
            .any(|line| line.contains("tunnel ended") && line.contains("Closed") && line.contains(&sent))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_pieces_or_on_a_used_connection_opens_a_tunnel_too() {
    let target = origin(|head, mut stream| async move {
        if !head.contains("sec-websocket-key") {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npoll")
                .await;
            return;
        }
        let answer = format!(
            "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n{}first",
            switching(&head)
        );
        for piece in answer.as_bytes().chunks(7) {
            stream.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await.unwrap();
        stream.write_all(&heard).await.unwrap();
    })
    .await;
    let (_setup, edge) = edge(target).await;
    let mut socket = Socket::connect(edge.public).await;
    let poll = PATH.replace("websocket", "polling");
    socket
        .says(&format!("GET {poll} HTTP/1.1\r\nhost: feed.example\r\n\r\n"))
        .await;
    assert!(socket.answer().await.starts_with("HTTP/1.1 200 "));
    socket.hears("poll").await;
    socket.ask("", "ea").await;
    // More of it comes while the service is still asked, or after: it does not matter.
    socket.says("rly").await;
    assert!(socket.answer().await.starts_with("HTTP/1.1 101 "));
    assert_eq!(socket.rest().await, "firstearly");
    drop(socket);
    is_quiet(&edge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_switch_is_heard_out() {
    let target = origin(|head, mut stream| async move {
        let answer = match field(&head, "x-want") {
            Some("length") => "HTTP/1.1 403 Forbidden\r\nx-why: no\r\ncontent-length: 4\r\n\r\nlong",
            Some("chunked") => "HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n4\r\nlong\r\n0\r\n\r\n",
            Some("close") => "HTTP/1.0 426 Upgrade Required\r\nserver: secret\r\n\r\nlong",
            Some("nothing") => "HTTP/1.1 204 No Content\r\n\r\n",
            _ => "HTTP/1.1 500 Cut\r\ncontent-length: 400\r\n\r\nlong",
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let (_setup, edge) = edge(target).await;
    let client = edge
        .client()
        .header("connection", "upgrade")
        .header("upgrade", "websocket");
    let client = client.header("sec-websocket-key", KEY);
    for (want, status, body) in [
        ("length", 403, "long"),
        ("chunked", 400, "long"),
        ("close", 426, "long"),
        ("nothing", 204, ""),
    ] {
        let answer = client
            .clone()
            .header("x-want", want)
            .get(PATH)
            .await
            .expect_status(status);
        assert_eq!(answer.text(), body, "{want}");
        assert_eq!(answer.header("x-why"), (want == "length").then_some("no"));
        assert!(answer.header("x-request-id").is_some() && answer.header("server").is_none());
    }
    // One that breaks off is not made to look whole.
    let mut socket = Socket::connect(edge.public).await;
    socket.ask("", "").await;
    assert!(socket.answer().await.starts_with("HTTP/1.1 500 "));
    assert_eq!(socket.rest().await, "long");
    drop((client, socket));
    is_quiet(&edge).await;
    assert_eq!(
        edge.metric("edge_requests_total{route=\"socket\",status=\"4xx\"}")
            .await,
        3.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_finds_a_target_that_lives_and_says_when_there_is_none() {
    let (dead, living) = (free_address(), echo("hello").await);
    let setup = setup(&[dead, living]);
    let edge = setup.start().await;
    for _ in 0..8 {
        let (mut socket, _) = Socket::open(edge.public, "").await;
        socket.hears("hello").await;
    }
    let failures = edge
        .metric("edge_upstream_events_total{upstream=\"notifications\",event=\"connect_failure\"}")
        .await;
    assert!((1.0..=2.0).contains(&failures), "{failures} of 8 asked the dead target");

    let setup = setup.targets("NOTIFICATIONS", &[free_address()]);
    let edge = setup.start().await;
    let mut socket = Socket::connect(edge.public).await;
    socket.ask("", "").await;
    let answer = socket.answer().await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(field(&answer, "content-type"), Some("application/problem+json"));
    assert_eq!(field(&answer, "retry-after"), Some("1"));
    let length: usize = field(&answer, "content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    socket.0.read_exact(&mut body).await.unwrap();
    assert!(String::from_utf8(body).unwrap().contains("UPSTREAM_UNAVAILABLE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_wrong_or_late_open_nothing() {
    let target = origin(|head, mut stream| async move {
        let right = switching(&head);
        let answer = match field(&head, "x-want") {
            Some("proof") => right.replace("sec-websocket-accept: ", "sec-websocket-accept: x"),
            Some("protocol") => right.replace("upgrade: websocket", "upgrade: h2c"),
            Some("version") => right.replace("HTTP/1.1", "HTTP/1.0"),
            Some("nonsense") => "SSH-2.0-OpenSSH_9.2\r\n\r\n".into(),
            _ => std::future::pending().await,
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let setup = setup(&[target]).edit("request: 15s", "request: 1s");
    let edge = setup.start().await;
    for want in ["proof", "protocol", "version", "nonsense"] {
        let mut socket = Socket::connect(edge.public).await;
        socket.ask(&format!("x-want: {want}\r\n"), "").await;
        let answer = socket.answer().await;
        assert!(answer.starts_with("HTTP/1.1 502 "), "{want}: {answer}");
    }
    let mut socket = Socket::connect(edge.public).await;
    socket.ask("", "").await;
    assert!(socket.answer().await.starts_with("HTTP/1.1 504 "));
    drop(socket);
    is_quiet(&edge).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_sees_what_the_edge_says_and_the_client_is_bound() {
    let seen = || {
        origin(|head, mut stream| async move {
            stream.write_all((switching(&head) + &head).as_bytes()).await.unwrap();
        })
    };
    let (one, two) = (seen().await, seen().await);
    let (setup, _auth) = setup(&[one, two]).origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let token = setup.tokens.token(7, "ann");
    let forged = format!(
        "cookie: a=1; access_token={token}\r\nx-user-id: 1\r\nx-user-role: admin\r\nx-service-token: edge.forged\r\n\
         x-forwarded-for: 10.9.8.7\r\nte: trailers\r\nsec-websocket-protocol: chat\r\n"
    );
    let (mut socket, answer) = Socket::open(edge.public, &forged).await;
    let head = socket.rest().await;
    let target = format!("GET {} HTTP/1.1", PATH.replace("/notifications", ""));
    assert_eq!(head.lines().next(), Some(&*target));
    assert_eq!(
        (field(&head, "x-user-id"), field(&head, "x-user-name")),
        (Some("7"), Some("ann"))
    );
    assert_eq!(field(&head, "x-service-token"), Some(setup.service.token("edge")));
    assert_eq!(
        (field(&head, "x-forwarded-for"), field(&head, "te")),
        (Some("127.0.0.1"), None)
    );
    assert_eq!(field(&head, "sec-websocket-protocol"), Some("chat"));
    assert!(!head.contains("forged") && !head.contains("admin"), "{head}");
    assert_eq!(field(&head, "x-request-id"), field(&answer, "x-request-id"));
    assert_eq!(field(&answer, "upgrade"), Some("websocket"));

    // The cookie leads back to the same target, is not set again, and stays between client and edge.
    let cookie = field(&answer, "set-cookie").unwrap().split(';').next().unwrap();
    assert!(cookie.starts_with("edge_affinity="), "{answer}");
    for _ in 0..4 {
        let (mut socket, answer) = Socket::open(edge.public, &format!("cookie: b=2; {cookie}\r\n")).await;
        assert_eq!(field(&answer, "set-cookie"), None);
        assert_eq!(field(&socket.rest().await, "cookie"), Some("b=2"));
    }
    let targets = [one, two].map(|address| edge.log().matches(&format!("target_address={address}")).count());
    assert!(targets.contains(&0), "all went to one: {targets:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_side_s_end_reaches_the_other_at_once() {
    let (ended, mut ends) = mpsc::unbounded_channel();
    let target = origin(move |head, mut stream| {
        let ended = ended.clone();
        async move {
            if field(&head, "x-want") != Some("silence") {
                stream.write_all((switching(&head) + "bye").as_bytes()).await.unwrap();
            }
            if field(&head, "x-want") != Some("close") {
                let _ = ended.send(stream.read(&mut [0; 9]).await.unwrap_or(0));
            }
        }
    })
    .await;
    let setup = setup(&[target]).edit("connections_per_ip: 1024", "connections_per_ip: 2");
    let edge = setup.start().await;
    // The service closes.
    let (mut socket, _) = Socket::open(edge.public, "x-want: close\r\n").await;
    assert_eq!(socket.rest().await, "bye");
    drop(socket);
    is_quiet(&edge).await;
    // The client closes its tunnels, which count as its connections all the while.
    let (one, _) = Socket::open(edge.public, "").await;
    let (mut two, _) = Socket::open(edge.public, "").await;
    two.hears("bye").await;
    let status = edge.status().await;
    assert_eq!((&status["connections"], &status["streams"]), (&2.into(), &2.into()));
    let mut third = Socket::connect(edge.public).await;
    assert_eq!(third.rest().await, "", "one too many");
    drop((one, two, third));
    for _ in 0..2 {
        assert_eq!(timeout(PATIENCE, ends.recv()).await.unwrap(), Some(0));
    }
    is_quiet(&edge).await;
    // The client leaves while the service still thinks.
    let mut socket = Socket::connect(edge.public).await;
    socket.ask("x-want: silence\r\n", "").await;
    eventually(PATIENCE, || async { edge.status().await["streams"] == 1 }).await;
    drop(socket);
    assert_eq!(timeout(PATIENCE, ends.recv()).await.unwrap(), Some(0));
    is_quiet(&edge).await;
}
