//! Those who come to the listener with TLS and speak none.

use super::{World, world, world_of};
use crate::support::{PATIENCE, Setup};
use shared_testkit::eventually;
use std::time::Instant;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_no_tls_or_nothing_is_left() {
    let world = world("", "", "").await;
    world.setup.rewrite("header_timeout: 10s", "header_timeout: 1s");
    world.edge.serves(2).await;
    for bytes in [&b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..], b"", b"\x16\x03"] {
        let mut stream = TcpStream::connect(world.https).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut rest = Vec::new();
        // An alert, or the end.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap();
        assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    }
    eventually(PATIENCE, || async {
        Some(world.edge.metric("edge_tls_handshakes_failed_total").await).filter(|failed| *failed >= 3.0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shakes_hands_for_ever_counts_as_a_connection_and_is_left() {
    let setup = Setup::new().edit(
        "connections_per_ip: 256, header_timeout: 10s",
        "connections_per_ip: 2, header_timeout: 2s",
    );
    let world = world_of(setup, "", "", "").await;
    let began = Instant::now();
    let mut held = Vec::new();
    for _ in 0..2 {
        // The begin of a hello that says it is long.
        let mut stream = TcpStream::connect(world.https).await.unwrap();
        stream.write_all(b"\x16\x03\x01\x02\x00").await.unwrap();
        held.push(stream);
    }
    eventually(PATIENCE, || async { world.edge.status().await["connections"] == 2 }).await;
    assert!(
        world.connect(&world.client(), "one.example").await.is_err(),
        "one too many"
    );
    is_refused(&world).await;
    for mut stream in held {
        let _ = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.unwrap();
    }
    assert!(began.elapsed() < PATIENCE);
    world.connect(&world.client(), "one.example").await.unwrap();
}

async fn is_refused(world: &World) {
    eventually(PATIENCE, || async {
        world.edge.metric("edge_connections_refused_total").await >= 1.0
    })
    .await;
}
