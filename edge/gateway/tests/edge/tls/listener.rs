//! Who the edge is to clients, what it speaks, and what it tells.

use super::{TLS12, TLS13, ask, seen, world, world_of};
use crate::support::{PATIENCE, Setup};
use rustls::{ClientConfig, SupportedCipherSuite, crypto::ring, pki_types::ServerName};
use std::sync::Arc;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

#[tokio::test(flavor = "multi_thread")]
async fn requests_over_tls_are_requests_and_are_told_that_they_stay_there() {
    let world = world("", "    hsts: { max_age: 365d, include_subdomains: true }", "").await;
    for versions in [&[&TLS13][..], &[&TLS12]] {
        let connector = world.authority.client(versions, b"http/1.1", false);
        let mut stream = world.connect(&connector, "one.example").await.unwrap();
        let answer = ask(&mut stream, "/api/posts/health").await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let hsts = "strict-transport-security: max-age=31536000; includeSubDomains\r\n";
        assert!(answer.contains(hsts), "{answer}");
        assert_eq!(seen(&answer)["headers"]["x-forwarded-proto"][0], "https");
    }
    let plain = world.edge.client().get("/api/posts/health").await.expect_status(200);
    assert_eq!(plain.header("strict-transport-security"), None);
    assert_eq!(plain.json()["headers"]["x-forwarded-proto"][0], "http");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_versions_are_refused() {
    let world = world("", "", "      min_version: \"1.3\"").await;
    let old = world.authority.client(&[&TLS12], b"http/1.1", false);
    world.connect(&old, "one.example").await.unwrap_err();
    world.connect(&world.client(), "one.example").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_orders_ciphers_but_who_wishes_chacha_first_gets_it() {
    let world = world("", "", "").await;
    for version in [&TLS13, &TLS12] {
        let taken = async |first: &str| {
            let mut provider = ring::default_provider();
            let is_first = |suite: &SupportedCipherSuite| suite.suite().as_str().unwrap().contains(first);
            provider.cipher_suites.sort_by_key(|suite| !is_first(suite));
            let builder = ClientConfig::builder_with_provider(Arc::new(provider));
            let builder = builder.with_protocol_versions(&[version]).unwrap();
            let config = builder
                .with_root_certificates(world.authority.roots())
                .with_no_client_auth();
            let stream = world.connect(&Arc::new(config).into(), "one.example").await.unwrap();
            let suite = stream.get_ref().1.negotiated_cipher_suite().unwrap().suite();
            suite.as_str().unwrap().to_owned()
        };
        for first in ["AES_256", "AES_128"] {
            assert!(taken(first).await.contains("AES_256"));
        }
        assert!(taken("CHACHA20").await.contains("CHACHA20"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_tls_are_sent_there() {
    let world = world(", redirect_to_https: true", "", "").await;
    let port = world.https.port();
    let client = world.edge.client().header("host", "one.example:8080");
    let answer = client.get("/api/posts/a%20b?x=%31").await.expect_status(308);
    let location = format!("https://one.example:{port}/api/posts/a%20b?x=%31");
    assert_eq!(answer.header("location"), Some(&*location));
    client.get("/health").await.expect_status(200);
    let mut stream = world.connect(&world.client(), "one.example").await.unwrap();
    let answer = ask(&mut stream, "/api/posts/health").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // It is explained for both.
    let explained = async |more: &[&str]| {
        let (_, printed) = world
            .edge
            .types(&[&["explain", "GET", "/api/posts/health"], more].concat())
            .await;
        printed
    };
    assert!(explained(&[]).await.contains("sent to https://"));
    let over_tls = explained(&["--tls"]).await;
    assert!(
        !over_tls.contains("sent to") && over_tls.contains("https"),
        "{over_tls}"
    );
    // Something in front may map the port.
    let bind = format!("    bind: \"{}\"\n", world.https);
    world.setup.rewrite(&bind, &format!("{bind}    public_port: 8443\n"));
    world.edge.serves(2).await;
    let answer = client.get("/api/posts/x").await.expect_status(308);
    assert_eq!(answer.header("location"), Some("https://one.example:8443/api/posts/x"));
    world.setup.rewrite("public_port: 8443", "public_port: 443");
    world.edge.serves(3).await;
    let answer = client.get("/api/posts/x").await.expect_status(308);
    assert_eq!(answer.header("location"), Some("https://one.example/api/posts/x"));
    // It can be taken back without a new process.
    world.setup.rewrite(", redirect_to_https: true", "");
    world.edge.serves(4).await;
    client.get("/api/posts/health").await.expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_names_the_client_before_tls_begins() {
    let setup = Setup::new().edit("trusted_proxies: []", "trusted_proxies: [127.0.0.0/8]");
    let world = world_of(setup, "", "    proxy_protocol: true", "").await;
    let connect = async |before: &[u8], whole: bool| {
        let mut stream = TcpStream::connect(world.https).await.unwrap();
        if whole {
            stream.write_all(before).await.unwrap();
        } else {
            // As slowly as a network can be.
            for byte in before {
                stream.write_all(&[*byte]).await.unwrap();
            }
        }
        let name = ServerName::try_from("one.example").unwrap();
        timeout(PATIENCE, world.client().connect(name, stream)).await.unwrap()
    };
    let header = b"PROXY TCP4 203.0.113.9 10.0.0.1 12345 443\r\n";
    for whole in [true, false] {
        let mut stream = connect(header, whole).await.unwrap();
        let answer = ask(&mut stream, "/api/posts/health").await.unwrap();
        let seen = seen(&answer);
        assert_eq!(seen["headers"]["x-forwarded-for"][0], "203.0.113.9");
        assert_eq!(seen["headers"]["x-forwarded-proto"][0], "https");
    }
    connect(b"", true).await.unwrap_err();
}
