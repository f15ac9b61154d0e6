//! Clients that come back.

use super::{TLS12, TLS13, World, ask, world};
use rustls::HandshakeKind;
use tokio_rustls::TlsConnector;

async fn comes(world: &World, client: &TlsConnector) -> HandshakeKind {
    let mut stream = world.connect(client, "one.example").await.unwrap();
    // Tickets come with the first answer.
    let answer = ask(&mut stream, "/api/posts/health").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stream.get_ref().1.handshake_kind().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_go_on_with_their_session_whatever_was_reloaded() {
    let world = world("", "", "").await;
    let clients = [&TLS13, &TLS12].map(|version| world.authority.client(&[version], b"http/1.1", false));
    for client in &clients {
        assert_eq!(comes(&world, client).await, HandshakeKind::Full);
        assert_eq!(comes(&world, client).await, HandshakeKind::Resumed);
    }
    world.authority.write(&world.setup.file(""), "one", &["one.example"]);
    world.edge.serves(2).await;
    for client in &clients {
        assert_eq!(comes(&world, client).await, HandshakeKind::Resumed);
    }
    assert_eq!(world.edge.metric("edge_tls_handshakes_total").await, 6.0);
    assert_eq!(world.edge.metric("edge_tls_handshakes_resumed_total").await, 4.0);
}
