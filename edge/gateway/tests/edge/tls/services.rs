//! TLS with services: every road, and whom the edge believes.

use super::{Authority, BOTH};
use crate::{
    origins::Origin,
    streams::{NO_PROBES, socket_origin},
    support::{Edge, PATIENCE, Setup},
};
use futures::{SinkExt, StreamExt};
use rustls::{ServerConfig, crypto::ring, server::WebPkiClientVerifier};
use serde_json::json;
use shared_testkit::eventually;
use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{connect_async, tungstenite::Message};

/// TLS before a service that speaks none.
struct Cover {
    address: SocketAddr,
    /// Connections so far that shook hands.
    shaken: Arc<AtomicU32>,
}

impl Cover {
    /// With a certificate made out to `names`; who comes must have one of `clients`, where that is somebody.
    async fn start(target: SocketAddr, authority: &Authority, names: &[&str], clients: Option<&Authority>) -> Self {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_protocol_versions(BOTH).unwrap();
        let builder = match clients {
            Some(clients) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(clients.roots()), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
            None => builder.with_no_client_auth(),
        };
        let (chain, key) = authority.keys(names);
        let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shaken) = (listener.local_addr().unwrap(), Arc::new(AtomicU32::new(0)));
        let count = Arc::clone(&shaken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
                tokio::spawn(async move {
                    let Ok(mut client) = acceptor.accept(stream).await else {
                        return;
                    };
                    count.fetch_add(1, SeqCst);
                    let mut service = TcpStream::connect(target).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut service).await;
                });
            }
        });
        Self { address, shaken }
    }
}

const TARGETS: [(&str, &str); 4] = [
    ("AUTH", "3001"),
    ("POSTS", "3002"),
    ("COMMENTS", "3004"),
    ("NOTIFICATIONS", "3005"),
];

/// Gives the upstreams of `setup` these keys of TLS, and starts an edge.
async fn start(setup: &Setup, keys: &str) -> Edge {
    let mut text = setup.text();
    for (service, port) in TARGETS {
        let targets = format!("targets: \"${{{service}_TARGETS:-127.0.0.1:{port}}}\"\n");
        assert!(text.contains(&targets), "{targets}");
        text = text.replace(&targets, &format!("{targets}    tls: {{ {keys} }}\n"));
    }
    fs::write(setup.file("edge.yaml"), text).unwrap();
    setup.start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_road_leads_over_tls_and_shows_the_edges_own_certificate() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let mut setup = Setup::new().edit(NO_PROBES.0, NO_PROBES.1);
    let (mut origins, mut covers) = (Vec::new(), Vec::new());
    for (service, _) in &TARGETS[..3] {
        let origin = Origin::start(service, &setup.tokens).await;
        let cover = Cover::start(origin.address, &authority, &["127.0.0.1"], Some(&clients)).await;
        setup = setup.targets(service, &[cover.address]);
        origins.push(origin);
        covers.push(cover);
    }
    let sockets = Cover::start(socket_origin().await, &authority, &["127.0.0.1"], Some(&clients)).await;
    let setup = setup.targets("NOTIFICATIONS", &[sockets.address]);
    let folder = setup.file("");
    clients.write(&folder, "edge", &["edge.example"]);
    fs::write(folder.join("ca.pem"), authority.0.pem()).unwrap();
    let at = |file: &str| folder.join(file).display().to_string();
    let own = format!(
        "certificate: {{ cert_file: \"{}\", key_file: \"{}\" }}",
        at("edge.pem"),
        at("edge.key")
    );
    let edge = start(&setup, &format!("ca_file: \"{}\", {own}", at("ca.pem"))).await;

    // Keys, and probes.
    edge.knows_issuer().await;
    edge.sees("auth", covers[0].address, true).await;
    // Pingora's road: with bodies, and with few handshakes.
    let client = edge.client();
    let before = covers[0].shaken.load(SeqCst);
    for number in 0..20 {
        let body = "x".repeat(number * 5_000);
        let answer = client
            .send(http::Method::POST, "/api/auth/x", Some("text/plain"), body.into())
            .await;
        assert_eq!(answer.expect_status(200).json()["length"], number * 5_000);
    }
    // Probes come and go meanwhile, each with a connection of its own.
    let shaken = covers[0].shaken.load(SeqCst) - before;
    assert!(shaken < 15, "{shaken} handshakes for 20 requests");
    // Subgraphs.
    let query = json!({ "query": "{ getPosts { message } getComments(postId: 1) { message } }" });
    let answer = client.post_json("/graphql", &query).await.expect_status(200).json();
    let (posts, comments) = (&answer["data"]["getPosts"], &answer["data"]["getComments"]);
    assert_eq!(
        (&posts["message"], &comments["message"]),
        (&json!("POSTS for nobody"), &json!("COMMENTS for nobody"))
    );
    // Streams.
    let bearer = format!("Bearer {}", setup.tokens.token(7, "ann"));
    origins[2].say("first").await;
    let mut events = edge
        .client()
        .header("authorization", &bearer)
        .events("/api/sse/comments/1")
        .await;
    assert_eq!(events.next(Duration::from_secs(5)).await.unwrap().data, "first");
    // Tunnels.
    let url = format!(
        "ws://{}/notifications/socket.io/?EIO=4&transport=websocket",
        edge.public
    );
    let (mut socket, _) = connect_async(url).await.unwrap();
    assert!(socket.next().await.unwrap().unwrap().is_text());
    let long = "x".repeat(100_000);
    socket.send(Message::text(&long)).await.unwrap();
    let heard = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(heard.into_text().unwrap().as_str(), long);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_who_it_should_be_is_asked_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    let setup = Setup::new();
    let auth = Origin::start("AUTH", &setup.tokens).await;
    let cover = Cover::start(auth.address, &authority, &["auth.internal"], None).await;
    let setup = setup.targets("AUTH", &[cover.address]);
    let folder = setup.file("");
    let ca = folder.join("ca.pem");
    fs::write(&ca, other.0.pem()).unwrap();
    let keys = format!("ca_file: \"{}\", server_name: auth.internal", ca.display());
    let edge = start(&setup, &keys).await;
    let asked = async || edge.client().get("/api/auth/health").await.status;
    assert_eq!(asked().await, 503, "somebody else vouches for it");
    edge.sees("auth", cover.address, false).await;
    // Who vouches is read again when it changes.
    fs::write(&ca, authority.0.pem()).unwrap();
    edge.serves(2).await;
    edge.sees("auth", cover.address, true).await;
    assert_eq!(asked().await, 200);
    // Its name counts, not its address.
    setup.rewrite("server_name: auth.internal", "server_name: posts.internal");
    edge.serves(3).await;
    assert_eq!(asked().await, 503, "it has another name");
    setup.rewrite(", server_name: posts.internal", "");
    edge.serves(4).await;
    assert_eq!(asked().await, 503, "its address is not in its certificate");
    setup.rewrite("ca.pem\"", "ca.pem\", server_name: auth.internal");
    edge.serves(5).await;
    assert_eq!(asked().await, 200);
    // Without TLS it is no one's to speak to.
    let text = fs::read_to_string(setup.file("edge.yaml")).unwrap();
    let tls = format!("    tls: {{ {keys} }}\n");
    fs::write(setup.file("edge.yaml"), text.replace(&tls, "")).unwrap();
    edge.serves(6).await;
    assert_ne!(asked().await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_wants_to_know_the_edge_is_asked_nothing_before_it_does() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let setup = Setup::new();
    let auth = Origin::start("AUTH", &setup.tokens).await;
    let cover = Cover::start(auth.address, &authority, &["127.0.0.1"], Some(&clients)).await;
    let setup = setup.targets("AUTH", &[cover.address]);
    let folder = setup.file("");
    fs::write(folder.join("ca.pem"), authority.0.pem()).unwrap();
    let edge = start(&setup, &format!("ca_file: \"{}\"", folder.join("ca.pem").display())).await;
    let asked = async || edge.client().get("/api/auth/health").await.status;
    assert_ne!(asked().await, 200);
    clients.write(&folder, "edge", &["edge.example"]);
    let own = format!(
        "ca.pem\", certificate: {{ cert_file: \"{0}.pem\", key_file: \"{0}.key\" }}",
        folder.join("edge").display()
    );
    setup.rewrite("ca.pem\"", &own);
    edge.serves(2).await;
    eventually(PATIENCE, || async { asked().await == 200 }).await;
}
