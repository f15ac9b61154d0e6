use super::*;
use crate::protocol::{
    Options, Trust,
    fixture::{accept, connector_with, listen, serve},
};
use axum::{Router, routing::get};
use futures::StreamExt;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::handshake::server::{ErrorResponse, Request as Asked, Response as Given},
};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Accepts with the second of the subprotocols, then echoes; some texts make it do something else.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    #[allow(clippy::result_large_err)] // tungstenite's own shape
    let choose = |asked: &Asked, mut given: Given| -> Result<Given, ErrorResponse> {
        if let Some(offer) = asked.headers().get(SEC_WEBSOCKET_PROTOCOL) {
            let second = offer.to_str().unwrap().split(", ").nth(1).unwrap();
            given
                .headers_mut()
                .insert(SEC_WEBSOCKET_PROTOCOL, second.parse().unwrap());
        }
        if let Some(token) = asked.headers().get("x-token") {
            given.headers_mut().insert("x-seen", token.clone());
        }
        Ok(given)
    };
    let Ok(mut socket) = accept_hdr_async(stream, choose).await else {
        return;
    };
    while let Some(Ok(frame)) = socket.next().await {
        let answered = match frame {
            Frame::Text(text) if text == "ping me" => {
                socket.send(Frame::Ping("?".into())).await.unwrap();
                socket.send(Frame::Text("pinged".into())).await
            }
            Frame::Text(text) if text == "leave" => {
                let frame = CloseFrame {
                    code: CloseCode::Away,
                    reason: "drain".into(),
                };
                socket.close(Some(frame)).await
            }
            Frame::Text(text) if text == "go" => return,
            Frame::Text(text) if text == "break the rules" => {
                // A text frame that says it is masked, as a server's never is; and a reserved opcode.
                socket.get_mut().write_all(&[0x83, 0x00]).await.map_err(Error::from)
            }
            frame @ (Frame::Text(_) | Frame::Binary(_)) => socket.send(frame).await,
            Frame::Pong(data) => socket.send(Frame::Text(format!("pong {}", data.len()).into())).await,
            _ => Ok(()),
        };
        if answered.is_err() {
            return;
        }
    }
}

async fn open() -> WebSocket {
    let connector = accept(echo::<TcpStream>).await;
    WebSocket::open(
        &connector,
        &Opening {
            path: "/ws?x=1".into(),
            ..Opening::default()
        },
        TIMEOUT,
    )
    .await
    .unwrap()
}

fn text(message: &Message) -> &str {
    match &message.data {
        Data::Text(text) => text,
        Data::Binary(_) => panic!("no text"),
    }
}

#[tokio::test]
async fn text_and_bytes_come_back() {
    let mut socket = open().await;
    let before = Instant::now();
    socket.send_text("grüß dich").await.unwrap();
    let large: Vec<u8> = (0..300_000_u32).map(|at| at as u8).collect();
    socket.send_binary(large.clone()).await.unwrap();
    let first = socket.next().await.unwrap();
    assert_eq!(text(&first), "grüß dich");
    assert!((before..=Instant::now()).contains(&first.at));
    assert_eq!(socket.next().await.unwrap().data, Data::Binary(large.into()));
    assert_eq!(
        socket.close(1000, "done").await,
        Ok(Closed {
            code: 1000,
            reason: "done".into()
        })
    );
}

#[tokio::test]
async fn pings_are_answered_both_ways() {
    let mut socket = open().await;
    socket.send_text("before").await.unwrap();
    socket.ping("abc").await.unwrap();
    assert_eq!(
        text(&socket.next().await.unwrap()),
        "before",
        "kept while the pong was awaited"
    );
    socket.send_text("ping me").await.unwrap();
    assert_eq!(text(&socket.next().await.unwrap()), "pinged");
    assert_eq!(text(&socket.next().await.unwrap()), "pong 1");
    assert_eq!(socket.pings(), 1);
}

#[tokio::test]
async fn ends_have_their_kinds() {
    for (words, kind, detail) in [
        ("leave", "closed", "1001: drain"),
        ("go", "truncated", "cut"),
        ("break the rules", "protocol", "opcode"),
    ] {
        let mut socket = open().await;
        socket.send_text(words).await.unwrap();
        let failure = socket.next().await.unwrap_err();
        assert_eq!(failure.kind, kind, "{words}: {failure}");
        assert!(failure.detail.contains(detail), "{failure}");
    }
    let mut socket = open().await;
    socket.send_text("leave").await.unwrap();
    assert_eq!(socket.close(1000, "").await.unwrap().code, 1001, "it left first");
}

#[tokio::test]
async fn headers_and_subprotocols_are_negotiated() {
    let connector = accept(echo::<TcpStream>).await;
    let mut opening = Opening {
        path: "/".into(),
        subprotocols: vec!["v2".into(), "v1".into()],
        ..Opening::default()
    };
    opening.headers.insert("x-token", HeaderValue::from_static("t"));
    let mut socket = WebSocket::open(&connector, &opening, TIMEOUT).await.unwrap();
    assert_eq!(socket.subprotocol(), Some("v1"));
    assert_eq!(socket.take_headers()["x-seen"], "t");
}

#[tokio::test]
async fn a_server_that_chooses_no_subprotocol_is_wrong() {
    let connector = accept(async |stream| {
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let opening = Opening {
        path: "/".into(),
        subprotocols: vec!["v1".into()],
        ..Opening::default()
    };
    let refused = WebSocket::open(&connector, &opening, TIMEOUT).await.err().unwrap();
    assert_eq!(refused.kind, "protocol", "{refused}");
}

#[tokio::test]
async fn an_upgrade_can_be_refused_or_left_open() {
    let opening = Opening {
        path: "/".into(),
        ..Opening::default()
    };
    let connector = serve(Router::new().route("/", get(async || "no sockets here"))).await;
    let refused = WebSocket::open(&connector, &opening, TIMEOUT).await.err().unwrap();
    assert_eq!(refused.kind, "status");
    assert!(refused.detail.contains("200"), "{refused}");
    let connector = accept(async |stream| drop(stream)).await;
    let refused = WebSocket::open(&connector, &opening, TIMEOUT).await.err().unwrap();
    assert_eq!(refused.kind, "closed", "{refused}");
    let connector = accept(async |_stream| std::future::pending().await).await;
    let refused = WebSocket::open(&connector, &opening, Duration::from_millis(20))
        .await
        .err()
        .unwrap();
    assert_eq!(refused.kind, "timeout", "{refused}");
}

#[tokio::test]
async fn http2_cannot_be_upgraded() {
    let options = Options {
        version: Version::Http2,
        ..Options::default()
    };
    let connector = connector_with("http://127.0.0.1:9", options);
    let refused = WebSocket::open(&connector, &Opening::default(), TIMEOUT)
        .await
        .err()
        .unwrap();
    assert_eq!(refused.kind, "connect");
    assert!(refused.detail.contains("HTTP/1.1"), "{refused}");
}

#[tokio::test]
async fn it_works_over_tls() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let server = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let (acceptor, listener) = (tokio_rustls::TlsAcceptor::from(Arc::new(server)), listen().await);
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { echo(acceptor.accept(stream).await.unwrap()).await });
        }
    });
    let options = Options {
        trust: Some(Trust::Pem(cert.pem())),
        ..Options::default()
    };
    let connector = connector_with(&format!("wss://localhost:{port}"), options);
    let opening = Opening {
        path: "/".into(),
        ..Opening::default()
    };
    let mut socket = WebSocket::open(&connector, &opening, TIMEOUT).await.unwrap();
    socket.send_text("safe").await.unwrap();
    assert_eq!(text(&socket.next().await.unwrap()), "safe");
    assert_eq!(socket.close(1000, "").await.unwrap().code, 1000);
}
