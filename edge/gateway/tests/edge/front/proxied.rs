//! Behind a balancer that speaks the PROXY protocol.

use super::wire::Recorder;
use crate::support::{Edge, PATIENCE, Setup};
use shared_testkit::eventually;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const GET: &[u8] = b"GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

async fn door(trusted: &'static str) -> (Setup, Recorder, Edge) {
    let recorder = Recorder::start().await;
    let setup = Setup::new()
        .targets("AUTH", &[recorder.address])
        .edit("trusted_proxies: []", trusted)
        .edit(
            "connections_per_ip: 1024, header_timeout: 10s",
            "connections_per_ip: 2, header_timeout: 1s",
        )
        .edit(
            "${EDGE_BIND:-0.0.0.0:8080}\" }",
            "${EDGE_BIND:-0.0.0.0:8080}\", proxy_protocol: true }",
        );
    let edge = setup.start().await;
    (setup, recorder, edge)
}

/// The address that the service is told, for a header.
async fn told(edge: &Edge, recorder: &Recorder, header: &[u8], fields: &str) -> Option<String> {
    recorder.forget();
    let request = String::from_utf8(GET.to_vec())
        .unwrap()
        .replace("Host:", &format!("{fields}Host:"));
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    // One that is turned away at once may be reset.
    let _ = stream.write_all(&[header, request.as_bytes()].concat()).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("an end");
    let answer = String::from_utf8_lossy(&answer);
    let seen = recorder.seen();
    if seen.is_empty() {
        assert_eq!(answer, "", "a broken header is no one's to answer");
        return None;
    }
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    seen[0].field("x-forwarded-for").map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_balancer_names_the_client() {
    let (_setup, recorder, edge) = door("trusted_proxies: [127.0.0.0/8]").await;
    let told = async |header: &[u8], fields: &str| told(&edge, &recorder, header, fields).await;
    let text = b"PROXY TCP4 203.0.113.9 10.0.0.1 12345 80\r\n";
    assert_eq!(told(text, "").await.as_deref(), Some("203.0.113.9"));
    assert_eq!(
        told(text, "X-Forwarded-For: 6.6.6.6\r\n").await.as_deref(),
        Some("203.0.113.9"),
        "the client itself is no proxy"
    );
    assert_eq!(
        told(b"PROXY TCP6 2001:db8::7 ::1 1 2\r\n", "").await.as_deref(),
        Some("2001:db8::7")
    );
    assert_eq!(told(b"PROXY UNKNOWN\r\n", "").await.as_deref(), Some("127.0.0.1"));
    let v2 = [V2, &[0x21, 0x11, 0, 12, 198, 51, 100, 4, 10, 0, 0, 1, 0, 1, 0, 2]].concat();
    assert_eq!(told(&v2, "").await.as_deref(), Some("198.51.100.4"));
    let local = [V2, &[0x20, 0, 0, 0]].concat();
    assert_eq!(told(&local, "").await.as_deref(), Some("127.0.0.1"));
    for broken in [
        &b""[..],
        b"PROXY TCP4 203.0.113.9\r\n",
        b"proxy ",
        &[V2, &[0x31, 0x11, 0, 0]].concat(),
    ] {
        assert_eq!(told(broken, "").await, None, "{broken:?}");
    }
    eventually(PATIENCE, || async { edge.log().contains("client=\"203.0.113.9\"") }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_comes_in_time_and_from_a_balancer() {
    let (_setup, recorder, edge) = door("trusted_proxies: [127.0.0.0/8]").await;
    let begun = Instant::now();
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    stream.write_all(b"PROXY TCP4 203.0").await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("an end")
        .unwrap();
    assert!(answer.is_empty() && begun.elapsed() < Duration::from_secs(4));
    // Two connections of one client are all it may have; of another there may be more.
    let mut held = Vec::new();
    for header in ["PROXY TCP4 203.0.113.9 10.0.0.1 1 80\r\n"; 2] {
        let mut stream = TcpStream::connect(edge.public).await.unwrap();
        let head = format!("{header}GET /health HTTP/1.1\r\nHost: a.example\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        assert!(stream.read(&mut [0; 64]).await.unwrap() > 0);
        held.push(stream);
    }
    let third = told(&edge, &recorder, b"PROXY TCP4 203.0.113.9 10.0.0.1 3 80\r\n", "").await;
    assert_eq!(third, None);
    let other = told(&edge, &recorder, b"PROXY TCP4 203.0.113.10 10.0.0.1 3 80\r\n", "").await;
    assert_eq!(other.as_deref(), Some("203.0.113.10"));

    let (_setup, recorder, edge) = door("trusted_proxies: [192.0.2.0/24]").await;
    let header = b"PROXY TCP4 203.0.113.9 10.0.0.1 1 80\r\n";
    assert_eq!(told(&edge, &recorder, header, "").await, None, "from elsewhere");
}
