//! One client's HTTP: a request is sent, the whole answer is read.
//!
//! An HTTP/1.1 connection belongs to its client and is driven inside the client's own task: no channel or second task
//! stands between a request and its socket. HTTP/2 connections are shared by the clients of a thread, a stream each.
//!
//! Kinds of failure: `connect` (TCP, TLS or a refused handshake), `timeout`, `closed` (the connection or the stream ended
//! before an answer began), `truncated` (it ended within the answer's body: less than `Content-Length`, no last chunk, a
//! stream reset), `protocol` (what came is not HTTP). A body that by HTTP/1.1's rules ends with the connection carries no
//! sign of its length, so that only TLS, which says when it ends, can tell that it was cut.

mod body;
mod h1;
mod h2;

pub use body::Body;

use super::{Connector, Version};
use crate::Failure;
use bytes::{Bytes, BytesMut};
use h1::Exclusive;
use h2::Member;
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The complete body, as sent: content encodings are not undone.
    pub body: Bytes,
    /// When the request was handed to its open connection.
    pub sent: Instant,
}

/// One client's connection: opened at once, and again by the next request once it is gone.
pub struct Connection {
    connector: Connector,
    transport: Transport,
    sent: Instant,
}

enum Transport {
    Exclusive(Exclusive),
    Shared(Member),
}

impl Connection {
    /// Opens it; HTTP/2 joins a connection of this thread that has room.
    ///
    /// # Errors
    /// `connect`.
    pub async fn open(connector: &Connector) -> Result<Self, Failure> {
        let transport = match connector.options().version {
            Version::Http1 => Transport::Exclusive(Exclusive::open(connector).await?),
            Version::Http2 => Transport::Shared(Member::open(connector).await?),
        };
        Ok(Self {
            connector: connector.clone(),
            transport,
            sent: Instant::now(),
        })
    }

    /// When the last request was handed to its connection; where that could not be opened, when opening it was begun.
    pub fn last_sent(&self) -> Instant {
        self.sent
    }

    /// Leaves the connection; the next request opens another, which is no reconnect. One that is shared stays with the others,
    /// and is used again.
    pub fn disconnect(&mut self) {
        match &mut self.transport {
            Transport::Exclusive(exclusive) => exclusive.disconnect(),
            Transport::Shared(member) => member.disconnect(),
        }
    }

    /// Sends a request and reads its whole answer within `timeout`, which covers a reconnect too. The request's URI is the
    /// path and query; its `Host` is the target's unless it names one.
    ///
    /// # Errors
    /// See the [module](self). The connection is usable again: what was under way is given up.
    pub async fn send(&mut self, request: Request<Body>, timeout: Duration) -> Result<Answer, Failure> {
        self.sent = Instant::now();
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(late(timeout)),
        }
    }

    async fn exchange(&mut self, request: Request<Body>) -> Result<Answer, Failure> {
        let mut stream = self.begin(request).await?;
        let body = stream.collect().await?;
        let Streaming {
            status,
            headers,
            sent,
            source,
            ..
        } = stream;
        if let (Transport::Exclusive(exclusive), Source::Exclusive(line)) = (&mut self.transport, source) {
            exclusive.put_back(line);
        }
        Ok(Answer {
            status,
            headers,
            body,
            sent,
        })
    }

    /// Sends a request and gives its answer as it comes; `timeout` covers the answer's head. HTTP/1.1 gives its connection
    /// away with the answer, and the next request opens another, which is no reconnect.
    ///
    /// # Errors
    /// See the [module](self).
    pub async fn send_streaming(&mut self, request: Request<Body>, timeout: Duration) -> Result<Streaming, Failure> {
        self.sent = Instant::now();
        let stream = match tokio::time::timeout(timeout, self.begin(request)).await {
            Ok(result) => result?,
            Err(_) => return Err(late(timeout)),
        };
        if let Transport::Exclusive(exclusive) = &mut self.transport {
            exclusive.disconnect();
        }
        Ok(stream)
    }

    /// Sends a request, on a new connection where there is none. One that the old connection gives back unsent is sent once
    /// more; one that may have been sent never is.
    async fn begin(&mut self, request: Request<Body>) -> Result<Streaming, Failure> {
        let mut request = request;
        let mut again = true;
        loop {
            let attempt = match &mut self.transport {
                Transport::Exclusive(exclusive) => exclusive.send(&self.connector, request, &mut self.sent).await,
                Transport::Shared(member) => member.send(&self.connector, request, &mut self.sent).await,
            };
            match attempt {
                Ok((response, source)) => return Ok(Streaming::new(response, source, self.sent)),
                Err(Attempt::Unsent(back, _)) if again => {
                    request = *back;
                    again = false;
                }
                Err(Attempt::Unsent(_, failure) | Attempt::Failed(failure)) => return Err(failure),
            }
        }
    }
}

/// Why a request has no answer.
enum Attempt {
    /// It never left.
    Unsent(Box<Request<Body>>, Failure),
    /// It may have been sent.
    Failed(Failure),
}

/// What must be polled for a body to come.
enum Source {
    /// The client's own connection.
    Exclusive(h1::Line),
    /// A task of its own.
    Shared,
}

/// An answer whose body is still coming. To drop it early cuts the connection (HTTP/2: resets the stream).
pub struct Streaming {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// When the request was handed to its open connection.
    pub sent: Instant,
    body: Incoming,
    source: Source,
}

impl Streaming {
    fn new(response: Response<Incoming>, source: Source, sent: Instant) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            sent,
            body,
            source,
        }
    }

    /// The next piece of the body; `None` after its proper end. Without a time limit.
    ///
    /// # Errors
    /// `truncated`; the stream is over then.
    pub async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// See [`next`](Self::next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        loop {
            let frame = match &mut self.source {
                Source::Exclusive(line) => line.poll_with(cx, |cx| poll_frame(&mut self.body, cx)),
                Source::Shared => poll_frame(&mut self.body, cx),
            };
            match std::task::ready!(frame) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(truncated(&error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(_trailers) => {}
                },
            }
        }
    }

    /// The whole body. One that comes in one piece is not copied.
    async fn collect(&mut self) -> Result<Bytes, Failure> {
        let Some(first) = self.next().await else {
            return Ok(Bytes::new());
        };
        let first = first?;
        let Some(second) = self.next().await else {
            return Ok(first);
        };
        let mut whole = BytesMut::from(first);
        whole.extend_from_slice(&second?);
        while let Some(piece) = self.next().await {
            whole.extend_from_slice(&piece?);
        }
        Ok(whole.freeze())
    }
}

type Frame = Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>;

fn poll_frame(body: &mut Incoming, cx: &mut Context<'_>) -> Poll<Frame> {
    hyper::body::Body::poll_frame(Pin::new(body), cx)
}

fn late(timeout: Duration) -> Failure {
    Failure::new("timeout", format!("no complete answer within {timeout:?}"))
}

fn truncated(error: &hyper::Error) -> Failure {
    Failure::new("truncated", format!("the answer's body was cut: {}", chain(error)))
}

/// A failure before the answer's head was complete.
fn headless(error: &hyper::Error) -> Failure {
    let garbled = error.is_parse() || error.is_parse_status() || error.is_parse_too_large();
    let kind = if garbled { "protocol" } else { "closed" };
    Failure::new(kind, format!("no answer: {}", chain(error)))
}

/// An error and its causes: hyper's own words seldom say enough.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
