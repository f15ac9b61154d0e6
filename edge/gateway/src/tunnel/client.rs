//! The client's side of a tunnel: a stream that Pingora holds, and has to give away.

use super::End;
use crate::front::ClientStream;
use bytes::Bytes;
use futures::FutureExt;
use pingora_core::protocols::http::ServerSession;
use pingora_error::{Error, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::Session;
use std::{io::Cursor, mem};

/// What a stand-in has read: no more than lets it be a session. Its real head is put in afterwards.
const ANY_REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: edge\r\n\r\n";

/// Whether the client's stream can be taken.
pub(crate) fn is_takeable(session: &Session) -> bool {
    session.as_downstream().as_http1().is_some()
}

/// Does `work` for as long as the client is there. What the client sends meanwhile is kept.
pub(crate) async fn while_there<T>(session: &mut Session, work: impl Future<Output = T>) -> Result<T> {
    let client = session.as_downstream_mut();
    // Makes Pingora put by what it reads while it listens for the client's end. A stream of HTTP/2 brings nothing more.
    keep_what_follows(client, true);
    let result = tokio::select! {
        biased;
        result = work => Ok(result),
        gone = client.read_body_or_idle(true) => Err(gone.err()),
    };
    keep_what_follows(client, false);
    let gone = || Error::explain(ErrorType::ConnectionClosed, "the client left");
    result.map_err(|error| error.unwrap_or_else(gone).into_down())
}

fn keep_what_follows(client: &mut ServerSession, keep: bool) {
    if let ServerSession::H1(client) = client {
        client.set_pipelining_enabled(keep);
    }
}

/// Answers `101` and takes the stream. What stays behind in `session` has read and answered the same, for the log.
pub(crate) async fn take(session: &mut Session, response: ResponseHeader) -> Result<End> {
    let mut stand_in = stand_in(session.req_header()).await?;
    // A client that talks at once is read from below, without waiting for more.
    session.set_read_timeout(None);
    session
        .write_response_header(Box::new(response.clone()), false)
        .await
        .map_err(Error::into_down)?;
    let early = match session.read_request_body().now_or_never() {
        Some(Ok(Some(early))) => early,
        // Nothing yet, or an end or a failure that the stream will tell again.
        Some(Ok(None) | Err(_)) | None => Bytes::new(),
    };
    stand_in.write_response_header(Box::new(response)).await?;
    match mem::replace(&mut *session.downstream_session, stand_in) {
        ServerSession::H1(client) => Ok(End {
            stream: ClientStream::unwrap(client.into_inner()),
            early,
        }),
        _ => Error::e_explain(ErrorType::InternalError, "only HTTP/1.1 connections can be taken"),
    }
}

async fn stand_in(head: &RequestHeader) -> Result<ServerSession> {
    let mut stand_in = ServerSession::new_http1(Box::new(Cursor::new(ANY_REQUEST.to_vec())));
    stand_in.read_request().await?;
    *stand_in.req_header_mut() = head.clone();
    Ok(stand_in)
}
