//! Request bodies: limits that the client can read about, and pooled connections that stay clean.

use crate::support::{Edge, Setup};
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

const MIB: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_carried_whole_up_to_the_limit() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let (setup, _media) = setup.origin("MEDIA").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let user = edge
        .client()
        .header("authorization", &format!("Bearer {}", setup.tokens.token(7, "ann")));
    let kind = Some("application/octet-stream");
    for (path, length) in [("/api/auth/login", MIB), ("/api/media/upload", 50 * MIB)] {
        let answer = user
            .send(http::Method::POST, path, kind, vec![0; length].into())
            .await
            .expect_status(200);
        assert_eq!(answer.json()["length"], json!(length));
    }
    let answer = user
        .send(http::Method::POST, "/api/auth/login", kind, vec![0; MIB + 1].into())
        .await
        .expect_status(413);
    assert_eq!(answer.problem().code.as_str(), "BODY_TOO_LARGE");
}

/// Writes the whole body before it looks at the answer, as simple clients do.
async fn write_all_then_read(edge: &Edge, head: &str, piece: &[u8], pieces: usize, end: &[u8]) -> String {
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..pieces {
        stream.write_all(piece).await.expect("the edge reads on");
    }
    stream.write_all(end).await.expect("the edge reads on");
    let mut answer = Vec::new();
    timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .expect("the edge closes")
        .unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_far_too_much_can_read_the_413() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    let piece = vec![b'x'; MIB];
    let head = format!(
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        60 * MIB
    );
    let answer = write_all_then_read(&edge, &head, &piece, 60, b"").await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("BODY_TOO_LARGE"),
        "{answer}"
    );

    // Without a declared length it shows only on the way.
    for path in ["/api/auth/login", "/graphql"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        let mut chunk = format!("{MIB:x}\r\n").into_bytes();
        chunk.extend_from_slice(&piece);
        chunk.extend_from_slice(b"\r\n");
        let answer = write_all_then_read(&edge, &head, &chunk, 60, b"0\r\n\r\n").await;
        assert!(
            answer.starts_with("HTTP/1.1 413 ") && answer.contains("BODY_TOO_LARGE"),
            "{path}: {answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_first_is_told_without_sending() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    let head = format!(
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        60 * MIB
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(2), stream.read_to_end(&mut answer))
        .await
        .expect("at once")
        .unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 413 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );

    // And may go on where the edge itself wants the body.
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    let body = br#"{"query":"{ __typename }"}"#;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    timeout(Duration::from_secs(2), stream.read_exact(&mut go_on))
        .await
        .expect("at once")
        .unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains(r#"{"data":{"__typename":"Query"}}"#), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn chunked_bodies_leave_pooled_connections_clean() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    for (body, length) in [
        ("5\r\nhello\r\n0\r\n\r\n", 5),
        ("0\r\n\r\n", 0),
        ("1\r\na\r\n1\r\nb\r\n0\r\n\r\n", 2),
    ] {
        let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.contains("}\n") && !answer.ends_with('}') {
            let mut piece = [0; 4096];
            let read = timeout(Duration::from_secs(5), stream.read(&mut piece))
                .await
                .expect("an answer")
                .unwrap();
            assert!(read > 0, "{answer}");
            answer.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        }
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains(&format!("\"length\":{length}")),
            "{answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_s_early_answer_can_be_read_too() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.edit(
        "  auth:\n    match: { path_prefix: /api/auth }",
        "  auth:\n    max_body: 80MiB\n    match: { path_prefix: /api/auth }",
    );
    let edge = setup.start().await;
    let head = format!(
        "POST /api/auth/early HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        60 * MIB
    );
    let answer = write_all_then_read(&edge, &head, &vec![b'x'; MIB], 60, b"").await;
    assert!(answer.starts_with("HTTP/1.1 409 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_may_take_longer_than_the_first_byte_of_an_answer() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.edit("first_byte: 5s", "first_byte: 200ms");
    let edge = setup.start().await;
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    let head = "POST /api/auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for byte in [b"a", b"b", b"c"] {
        // Not synchronisation: this is how slow the client is.
        sleep(Duration::from_millis(300)).await;
        stream.write_all(byte).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
