//! Starting, being watched, and ending.

use crate::support::{PATIENCE, Setup, free_address};
use rustix::process::Signal;
use serde_json::json;
use shared_testkit::{Client, eventually};
use std::{
    process::Command,
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn health_status_and_metrics() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    let answer = edge.client().get("/health").await.expect_status(200);
    assert_eq!(
        answer.json(),
        json!({ "success": true, "status": "ok", "service": "edge" })
    );
    edge.knows_issuer().await;
    edge.sees("auth", auth.address, true).await;
    edge.client().get("/api/auth/me").await.expect_status(200);
    edge.client().get("/nope").await.expect_status(404);
    // An answer is counted right after it is written.
    for one in ["route=\"auth\",status=\"2xx\"", "route=\"-\",status=\"4xx\""] {
        let name = format!("edge_requests_total{{{one}}}");
        eventually(PATIENCE, || async { edge.metric(&name).await == 1.0 }).await;
    }
    assert_eq!(
        edge.metric("edge_upstream_latency_seconds_count{upstream=\"auth\"}")
            .await,
        2.0,
        "one request, one key set"
    );
    assert_eq!(edge.metric("edge_config_generation").await, 1.0);
    let healthy = format!("edge_target_healthy{{upstream=\"auth\",target=\"{}\"}}", auth.address);
    assert_eq!(edge.metric(&healthy).await, 1.0);
    Client::new(edge.admin).get("/nope").await.expect_status(404);
    Client::new(edge.admin).post("/status").await.expect_status(405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished_and_new_ones_are_not_taken() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.edit("request: 15s", "request: 3s");
    let mut edge = setup.start().await;
    let slow = tokio::spawn({
        let client = edge.client();
        async move { client.get("/api/auth/slow").await }
    });
    eventually(PATIENCE, || async { edge.status().await["requestsInFlight"] == 1 }).await;
    edge.signal(Signal::TERM);
    let public = edge.public;
    eventually(PATIENCE, || async move { TcpStream::connect(public).await.is_err() }).await;
    let answer = slow.await.unwrap();
    assert_eq!(answer.status, 504, "its own end, not the edge's: {answer:?}");
    assert!(edge.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_do_not_hold_the_end_up() {
    let (setup, comments) = Setup::new().origin("COMMENTS").await;
    let setup = setup.edit("redis: { url", "drain: { spread: 1s }\nredis: { url");
    let (setup, _auth) = setup.origin("AUTH").await;
    let mut edge = setup.start().await;
    edge.knows_issuer().await;
    let client = edge
        .client()
        .header("authorization", &format!("Bearer {}", setup.tokens.token(7, "ann")));
    comments.say("first").await;
    let mut events = client.events("/api/sse/comments/1").await;
    events.next(PATIENCE).await.unwrap();
    let began = Instant::now();
    edge.signal(Signal::TERM);
    assert!(events.next(PATIENCE).await.is_none(), "the stream is closed");
    assert!(edge.ended().await.success());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_at_once() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let mut edge = setup.start().await;
    let client = edge.client();
    let slow = tokio::spawn(async move { tokio::time::timeout(PATIENCE, client.get("/api/auth/slow")).await });
    eventually(PATIENCE, || async { edge.status().await["requestsInFlight"] == 1 }).await;
    let began = Instant::now();
    edge.signal(Signal::INT);
    assert!(edge.ended().await.success());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    slow.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_prevents_a_start_is_told_in_a_sentence() {
    let setup = Setup::new();
    let edge = setup.start().await;
    let told = |mut command: Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!text.contains("panicked"), "{text}");
        text
    };
    let text = told(setup.command(edge.public, free_address()));
    assert!(
        text.contains(&edge.public.to_string()) && text.contains("cannot be used"),
        "{text}"
    );
    let mut command = setup.command(free_address(), free_address());
    command.env("EDGE_AFFINITY_KEY", "no-hex");
    assert!(told(command).contains("EDGE_AFFINITY_KEY"));
    let broken = Setup::new().edit(
        "upstream: media\n\n  comment_stream",
        "upsteam: media\n\n  comment_stream",
    );
    let text = told(broken.command(free_address(), free_address()));
    assert!(text.contains("upsteam") && text.contains("edge.yaml:"), "{text}");
}

#[test]
fn the_shipped_configuration_has_no_mistakes() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = Command::new(env!("CARGO_BIN_EXE_edge"))
        .args(["check"])
        .current_dir(root)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("no mistakes"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_cannot_hold_all_connections() {
    let edge = Setup::new()
        .edit("connections_per_ip: 1024", "connections_per_ip: 3")
        .start()
        .await;
    // The edge sees a connection when its task runs, so the counts are waited for.
    let open = || async { TcpStream::connect(edge.public).await.unwrap() };
    let held = [open().await, open().await, open().await];
    eventually(PATIENCE, || async { edge.status().await["connections"] == 3 }).await;
    let mut fourth = open().await;
    let mut nothing = [0; 1];
    let read = tokio::time::timeout(PATIENCE, tokio::io::AsyncReadExt::read(&mut fourth, &mut nothing))
        .await
        .unwrap();
    assert!(matches!(read, Ok(0) | Err(_)), "closed without a word");
    assert_eq!(edge.metric("edge_connections_refused_total").await, 1.0);
    drop(held);
    eventually(PATIENCE, || async { edge.status().await["connections"] == 0 }).await;
    edge.client().get("/health").await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_is_cut() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let edge = Setup::new()
        .edit("header_timeout: 10s", "header_timeout: 1s")
        .start()
        .await;
    let (mut answers, mut stream) = TcpStream::connect(edge.public).await.unwrap().into_split();
    // A byte now and then: no single read takes long.
    let dribble = tokio::spawn(async move {
        let head = b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ";
        for byte in head.iter().chain(std::iter::repeat(&b'a')) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let began = Instant::now();
    let mut nothing = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), answers.read_to_end(&mut nothing)).await;
    assert!(read.is_ok(), "the edge must close");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    dribble.abort();
    // A request that takes longer than its head may is not cut.
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup
        .edit("header_timeout: 10s", "header_timeout: 1s")
        .edit("request: 15s", "request: 2s");
    let edge = setup.start().await;
    edge.client().get("/api/auth/slow").await.expect_status(504);
}
