//! Clients that take their time: with a head, a body, an answer, or with a thousand connections.

use super::wire::{Recorder, Talk};
use crate::{
    sockets,
    support::{Edge, PATIENCE, Setup},
};
use shared_testkit::eventually;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

const HEAD: &str = "GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\n";
const POST: &str = "POST /api/auth/x HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\n";

async fn door(bounds: &'static str) -> (Setup, Recorder, Edge) {
    let recorder = Recorder::start().await;
    let setup = Setup::new()
        .targets("AUTH", &[recorder.address])
        .edit("rate: 100/15m", "rate: 1000000/15m")
        .edit("header_timeout: 10s", bounds);
    let edge = setup.start().await;
    (setup, recorder, edge)
}

/// Sends a beginning, then a byte now and then until the edge ends the connection. What it said, and after what time.
async fn drip(edge: &Edge, opening: &str, byte: &str, every: Duration) -> (String, Duration) {
    let stream = TcpStream::connect(edge.public).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let begun = Instant::now();
    let (opening, byte) = (opening.to_owned(), byte.to_owned());
    let dripping = tokio::spawn(async move {
        let _ = writer.write_all(opening.as_bytes()).await;
        while writer.write_all(byte.as_bytes()).await.is_ok() {
            sleep(every).await;
        }
    });
    let mut answer = Vec::new();
    let end = timeout(PATIENCE, reader.read_to_end(&mut answer)).await;
    let took = begun.elapsed();
    dripping.abort();
    assert!(end.is_ok(), "still open after {PATIENCE:?}");
    (String::from_utf8_lossy(&answer).into_owned(), took)
}

fn is_timeout(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 408 ") && answer.contains("REQUEST_TIMEOUT") && answer.contains("onnection: close")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_a_time_as_a_whole() {
    let (_setup, recorder, edge) = door("header_timeout: 1s").await;
    let often = Duration::from_millis(100);
    for opening in [HEAD, "P", "", "\r\n"] {
        let (answer, took) = drip(&edge, opening, "x", often).await;
        assert!(is_timeout(&answer), "{opening:?}: {answer}");
        assert!(took < Duration::from_secs(3), "{opening:?} took {took:?}");
    }
    // Who says nothing is told nothing.
    let (answer, took) = drip(&edge, "", "", often).await;
    assert!(answer.is_empty() && took < Duration::from_secs(3), "{took:?}: {answer}");
    // The second request of a connection has the same time, from its first byte and not from the first request's end.
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    stream.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    let mut first = [0; 512];
    assert!(stream.read(&mut first).await.unwrap() > 0);
    sleep(Duration::from_millis(1500)).await;
    let begun = Instant::now();
    stream.write_all(HEAD.as_bytes()).await.unwrap();
    let mut rest = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut rest))
        .await
        .expect("an end")
        .unwrap();
    assert!(
        rest.contains("HTTP/1.1 408 ") && begun.elapsed() > Duration::from_millis(800),
        "{rest}"
    );
    assert_eq!(recorder.seen().len(), 1);
    assert!(edge.metric("edge_clients_cut_total{reason=\"too_slow\"}").await >= 5.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_a_least_rate() {
    let (_setup, recorder, edge) = door("header_timeout: 1s, min_rate: 1000B, slow_grace: 1s").await;
    let often = Duration::from_millis(100);
    let length = format!("{POST}Content-Length: 10000\r\n\r\n");
    let chunked = format!("{POST}Transfer-Encoding: chunked\r\n\r\n");
    let graphql = length.replace("/api/auth/x", "/graphql");
    for (opening, byte) in [(&length, "x"), (&chunked, "1\r\nx\r\n"), (&graphql, "x")] {
        let (answer, took) = drip(&edge, opening, byte, often).await;
        assert!(is_timeout(&answer), "{opening}: {answer}");
        assert!(took < Duration::from_secs(4), "{opening} took {took:?}");
    }
    assert!(recorder.seen().is_empty());
    // Who keeps the rate may take longer than any bound.
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    let head = format!("{POST}Content-Length: 8000\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..16 {
        sleep(Duration::from_millis(250)).await;
        stream.write_all(&[b'x'; 500]).await.unwrap();
    }
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .expect("an end")
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(recorder.seen()[0].body.len(), 8000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_service_is_not_the_client_s_fault() {
    let origin = sockets::origin(|_, mut stream| async move {
        // It does not read for longer than a client may stand still.
        sleep(Duration::from_secs(3)).await;
        let mut left = 30 << 20;
        let mut piece = vec![0; 1 << 16];
        while left > 0 {
            left -= stream.read(&mut piece).await.unwrap();
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
    })
    .await;
    let setup = Setup::new()
        .targets("AUTH", &[origin])
        .edit("header_timeout: 10s", "header_timeout: 1s, slow_grace: 1s")
        .edit("  max_body: 1MiB", "  max_body: 40MiB");
    let edge = setup.start().await;
    let body = vec![b'x'; 30 << 20];
    let kind = Some("application/octet-stream");
    let answer = edge
        .client()
        .send(http::Method::POST, "/api/auth/x", kind, body.into())
        .await;
    answer.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_a_least_rate() {
    let origin = sockets::origin(|_, mut stream| async move {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 64 << 20);
        let _ = stream.write_all(head.as_bytes()).await;
        while stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {}
    })
    .await;
    let setup = Setup::new().targets("AUTH", &[origin]).edit(
        "header_timeout: 10s",
        "header_timeout: 1s, min_rate: 100KiB, slow_grace: 1s",
    );
    let edge = setup.start().await;
    let ask = async || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(edge.public).await.unwrap();
        stream.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
        stream
    };
    let mut silent = ask().await;
    let mut slow = ask().await;
    let reading = tokio::spawn(async move {
        let mut read = 0;
        let mut piece = [0; 64];
        while let Ok(Ok(some @ 1..)) = timeout(PATIENCE, slow.read(&mut piece)).await {
            read += some;
            sleep(Duration::from_millis(20)).await;
        }
        read
    });
    let cut = async || edge.metric("edge_clients_cut_total{reason=\"too_slow\"}").await;
    eventually(PATIENCE, || async { cut().await >= 2.0 }).await;
    eventually(PATIENCE, || async { edge.metric("edge_connections").await < 1.0 }).await;
    reading.abort();
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest).await;
    assert!(rest.len() < 64 << 20);
}

/// Of requests one after the other on connections of their own, the time that all but one in a hundred take.
async fn p99(edge: &Edge, requests: usize) -> Duration {
    let mut times = Vec::with_capacity(requests);
    for _ in 0..requests {
        let begun = Instant::now();
        let talk = Talk::with(
            edge.public,
            format!("{HEAD}Connection: close\r\n\r\n").as_bytes(),
            false,
        )
        .await;
        times.push(begun.elapsed());
        assert_eq!(talk.statuses, [200], "{talk:?}");
    }
    times.sort_unstable();
    times[requests * 99 / 100]
}

/// A connection from one of many addresses of this machine.
async fn from(address: u8, edge: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 1, address)), 0);
    socket.bind(local).ok()?;
    socket.set_recv_buffer_size(4096).ok()?;
    socket.connect(edge).await.ok()
}

/// Like slowhttptest: heads (-H), bodies (-B) and answers (-X), a thousand connections of each kind of client, some bytes now
/// and then, until the edge ends them. Each address stays below its cap.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_slow_clients_keep_nobody_waiting() {
    let (_setup, _recorder, edge) = door("header_timeout: 4s, slow_grace: 4s").await;
    let quiet = p99(&edge, 300).await;
    let mut slow = JoinSet::new();
    let public = edge.public;
    for n in 0..1000u32 {
        slow.spawn(async move {
            let mut stream = from((n % 5) as u8 + 1, public).await?;
            let opening = match n % 3 {
                0 => HEAD.to_owned(),
                1 => format!("{POST}Content-Length: 100000\r\n\r\n"),
                _ => format!("{HEAD}\r\n"),
            };
            stream.write_all(opening.as_bytes()).await.ok()?;
            let begun = Instant::now();
            // An answer of two bytes is read soon; all others go on until the edge ends them.
            let until = Duration::from_secs(if n % 3 == 2 { 8 } else { 60 });
            while begun.elapsed() < until {
                sleep(Duration::from_millis(500)).await;
                match n % 3 {
                    0 => stream.write_all(b"X-a: b\r\n").await.ok()?,
                    1 => stream.write_all(b"x").await.ok()?,
                    _ => drop(stream.read_u8().await.ok()?),
                }
            }
            Some(())
        });
    }
    eventually(PATIENCE, || async { edge.metric("edge_connections").await >= 900.0 }).await;
    let busy = p99(&edge, 300).await;
    // What other tests take of the machine meanwhile is not the slow clients' doing. One kept waiting by them waits seconds.
    let allowed = quiet * 2 + Duration::from_millis(400);
    assert!(busy <= allowed, "{busy:?} instead of {quiet:?}");
    while slow.join_next().await.is_some() {}
    // Those with a head or a body to send were ended by the edge.
    let cut = edge.metric("edge_clients_cut_total{reason=\"too_slow\"}").await;
    assert!(cut >= 600.0, "{cut}");
}
