//! Certificates of clients.

use super::{Authority, BOTH, TLS12, TLS13, ask, ask_with, seen, world};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Asks that clients have one.
fn wish(world: &super::World, mode: &str) {
    let file = world.setup.file("ca.pem").display().to_string();
    let keys = format!("    tls:\n      client_auth: {{ ca_file: \"{file}\", mode: {mode} }}\n");
    world.setup.rewrite("    tls:\n", &keys);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_or_pass_as_nobody() {
    for (mode, stranger_passes) in [("required", false), ("optional", true)] {
        let world = world("", "", "").await;
        wish(&world, mode);
        world.edge.serves(2).await;
        for version in [&TLS13, &TLS12] {
            let known = world.authority.client(&[version], b"http/1.1", true);
            let mut stream = world.connect(&known, "one.example").await.unwrap();
            let answer = ask_with(&mut stream, "/api/posts/health", "client-cert: :aGVsbG8=:\r\n")
                .await
                .unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            let told = seen(&answer)["headers"]["client-cert"].take();
            let told = told[0].as_str().unwrap().trim_matches(':');
            let der = STANDARD.decode(told).unwrap();
            assert!(
                der.windows(14).any(|bytes| bytes == b"client.example"),
                "the client's own"
            );

            // With TLS 1.3 a client learns of it when it reads.
            let asked = async |connector| {
                let mut stream = world.connect(connector, "one.example").await?;
                ask_with(&mut stream, "/api/posts/health", "client-cert: :aGVsbG8=:\r\n").await
            };
            let stranger = world.authority.client(&[version], b"http/1.1", false);
            let answer = asked(&stranger)
                .await
                .ok()
                .filter(|answer| answer.starts_with("HTTP/1.1 200"));
            assert_eq!(answer.is_some(), stranger_passes, "{mode}");
            if let Some(answer) = answer {
                assert!(seen(&answer)["headers"]["client-cert"].is_null(), "{answer}");
            }
            // One that somebody else vouches for is worse than none.
            let forged = world
                .authority
                .client_of(&[version], b"http/1.1", Some(&Authority::new()));
            assert!(
                !asked(&forged)
                    .await
                    .is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")),
                "{mode}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_before_is_no_way_around_a_certificate() {
    let world = world("", "", "").await;
    let stranger = world.authority.client(BOTH, b"http/1.1", false);
    for _ in 0..2 {
        let mut stream = world.connect(&stranger, "one.example").await.unwrap();
        ask(&mut stream, "/api/posts/health").await.unwrap();
    }
    wish(&world, "required");
    world.edge.serves(2).await;
    let asked = async {
        let mut stream = world.connect(&stranger, "one.example").await?;
        ask(&mut stream, "/api/posts/health").await
    };
    assert!(!asked.await.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")));
}
