//! The WebSocket that echoes.

use crate::body::Body;
use futures::{SinkExt, StreamExt};
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::{body::Incoming, upgrade};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};

/// Accepts the upgrade (RFC 6455, section 4.2) and echoes every message until the peer closes.
pub(crate) fn accept(request: Request<Incoming>) -> Option<Response<Body>> {
    let is_upgrade = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"websocket");
    if !request.headers().get(header::UPGRADE).is_some_and(is_upgrade) {
        return None;
    }
    let accept = derive_accept_key(request.headers().get(header::SEC_WEBSOCKET_KEY)?.as_bytes());
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade::on(request).await else {
            return;
        };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let (mut sink, mut stream) = socket.split();
        while let Some(Ok(message)) = stream.next().await {
            let answer = message.is_text() || message.is_binary();
            // Pings and the closing handshake are answered by the library, when the sink is next flushed.
            let sent = if answer {
                sink.send(message).await
            } else {
                sink.flush().await
            };
            if sent.is_err() {
                return;
            }
        }
    });
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept);
    response.body(Body::whole("")).ok()
}
