//! WebSocket (RFC 6455) over plain TCP or TLS. Frames and handshake are tungstenite's; buffers are kept small, since
//! thousands of connections are held open at once.

#[cfg(test)]
mod tests;

pub use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Connector, Stream as Transport, Version};
use crate::Failure;
use bytes::Bytes;
use futures::{Sink, SinkExt, Stream};
use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message as Frame,
        error::ProtocolError,
        handshake::client::generate_key,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

/// An idle connection holds a read buffer of this size; a larger message is read in as many steps as it needs.
const READ_BUFFER_BYTES: usize = 4 << 10;
/// Largest message that is taken.
const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// As much of a refusal as goes into a failure's detail.
const EXCERPT_BYTES: usize = 200;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Path and query.
    pub path: String,
    /// Further headers: credentials, cookies, an origin.
    pub headers: HeaderMap,
    /// Subprotocols, the best first. If there are any, the server must choose one.
    pub subprotocols: Vec<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it says.
    pub data: Data,
    /// When its last bytes were read: when they arrived, as long as somebody waits for the connection.
    pub at: Instant,
}

/// A message's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Text.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
}

/// How the other side took its leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// RFC 6455, section 7.4; 1005 where it gave none.
    pub code: u16,
    /// In its own words; often empty.
    pub reason: String,
}

/// An open connection. To drop it cuts it; [`close`](Self::close) takes leave.
pub struct WebSocket {
    stream: Box<WebSocketStream<Transport>>,
    subprotocol: Option<String>,
    /// Headers of the answer that may matter to others: cookies.
    headers: HeaderMap,
    /// Messages that came while something else was awaited.
    inbox: VecDeque<Message>,
    pongs: VecDeque<Bytes>,
    closed: Option<Closed>,
    pings: u64,
}

impl WebSocket {
    /// Connects and upgrades, each within its own time: the connector's, then `timeout`. Upgrades exist in HTTP/1.1 alone,
    /// so the connector must speak that.
    ///
    /// # Errors
    /// `connect`; `timeout`; `closed` where the connection ends before an answer; `status` where the answer is not 101;
    /// `protocol` where the answer is no right one, or chooses none of the subprotocols.
    pub async fn open(connector: &Connector, opening: &Opening, timeout: Duration) -> Result<Self, Failure> {
        if connector.options().version != Version::Http1 {
            return Err(Failure::new(
                "connect",
                "a WebSocket needs a connector that speaks HTTP/1.1",
            ));
        }
        let request = request(connector, opening)?;
        let transport = connector.connect().await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        // Boxed: it is large, and done once.
        let handshake = Box::pin(client_async_with_config(request, transport, Some(config)));
        let (stream, answer) = match tokio::time::timeout(timeout, handshake).await {
            Ok(opened) => opened.map_err(|error| refused(&error))?,
            Err(_) => return Err(Failure::new("timeout", format!("no upgrade within {timeout:?}"))),
        };
        let (answer, _) = answer.into_parts();
        let subprotocol = answer.headers.get(SEC_WEBSOCKET_PROTOCOL);
        Ok(Self {
            stream: Box::new(stream),
            subprotocol: subprotocol.and_then(|value| Some(value.to_str().ok()?.to_owned())),
            headers: answer.headers,
            inbox: VecDeque::new(),
            pongs: VecDeque::new(),
            closed: None,
            pings: 0,
        })
    }

    /// What the server chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The answer's headers; they can be had once, so that open connections need not hold them.
    pub fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.headers)
    }

    /// Pings of the server so far. They are answered whenever the connection is read or written.
    pub fn pings(&self) -> u64 {
        self.pings
    }

    /// The next message. It may be given up and asked again: no message is lost.
    ///
    /// # Errors
    /// `closed` where the server takes its leave; `truncated` where the connection ends without that; `protocol` where the
    /// server breaks the rules.
    pub async fn next(&mut self) -> Result<Message, Failure> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// See [`next`](Self::next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Failure>> {
        loop {
            if let Some(message) = self.inbox.pop_front() {
                return Poll::Ready(Ok(message));
            }
            ready!(self.poll_read(cx))?;
        }
    }

    /// Reads one frame and puts it where it belongs.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        if let Some(closed) = &self.closed {
            return Poll::Ready(Err(left(closed)));
        }
        let frame = match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Err(broken(&error))),
            None => return Poll::Ready(Err(Failure::new("closed", "the connection is over"))),
        };
        let at = Instant::now();
        let data = match frame {
            Frame::Text(text) => Data::Text(text),
            Frame::Binary(bytes) => Data::Binary(bytes),
            Frame::Ping(_) => {
                self.pings += 1;
                return Poll::Ready(Ok(()));
            }
            Frame::Pong(bytes) => {
                self.pongs.push_back(bytes);
                return Poll::Ready(Ok(()));
            }
            Frame::Close(frame) => {
                self.closed = Some(frame.map_or(
                    Closed {
                        code: 1005,
                        reason: String::new(),
                    },
                    Closed::from,
                ));
                // tungstenite has queued the reply. Who does not take it is not waited for.
                let _ = Pin::new(&mut *self.stream).poll_flush(cx);
                return Poll::Ready(Ok(()));
            }
            Frame::Frame(_) => return Poll::Ready(Err(Failure::new("protocol", "a frame outside of a message"))),
        };
        self.inbox.push_back(Message { data, at });
        Poll::Ready(Ok(()))
    }

    /// Sends text.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn send_text(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), Failure> {
        self.send(Frame::Text(text.into())).await
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn send_binary(&mut self, bytes: impl Into<Bytes>) -> Result<(), Failure> {
        self.send(Frame::Binary(bytes.into())).await
    }

    /// Sends a ping and waits for its pong; messages that come meanwhile are kept.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn ping(&mut self, data: impl Into<Bytes>) -> Result<(), Failure> {
        let data = data.into();
        self.send(Frame::Ping(data.clone())).await?;
        poll_fn(|cx| {
            loop {
                // Pongs answer in order, and a server may answer the latest ping alone.
                while let Some(pong) = self.pongs.pop_front() {
                    if pong == data {
                        return Poll::Ready(Ok(()));
                    }
                }
                ready!(self.poll_read(cx))?;
            }
        })
        .await
    }

    /// Takes leave, and waits until the server has too; messages that come meanwhile are dropped.
    ///
    /// # Errors
    /// `truncated` where the server goes without a word; `protocol`.
    pub async fn close(mut self, code: u16, reason: &str) -> Result<Closed, Failure> {
        if self.closed.is_none() {
            let frame = CloseFrame {
                code: CloseCode::from(code),
                reason: reason.into(),
            };
            self.stream
                .send(Frame::Close(Some(frame)))
                .await
                .map_err(|error| broken(&error))?;
        }
        poll_fn(|cx| {
            loop {
                if let Some(closed) = self.closed.take() {
                    return Poll::Ready(Ok(closed));
                }
                self.inbox.clear();
                ready!(self.poll_read(cx))?;
            }
        })
        .await
    }

    async fn send(&mut self, frame: Frame) -> Result<(), Failure> {
        self.stream.send(frame).await.map_err(|error| broken(&error))
    }

    /// Queues text without waiting; [`poll_flush`](Self::poll_flush) sends it.
    pub(super) fn queue_text(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), Failure> {
        Pin::new(&mut *self.stream)
            .start_send(Frame::Text(text.into()))
            .map_err(|error| broken(&error))
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Pin::new(&mut *self.stream)
            .poll_flush(cx)
            .map_err(|error| broken(&error))
    }
}

impl From<CloseFrame> for Closed {
    fn from(frame: CloseFrame) -> Self {
        Self {
            code: frame.code.into(),
            reason: frame.reason.to_string(),
        }
    }
}

fn request(connector: &Connector, opening: &Opening) -> Result<Request<()>, Failure> {
    let target = connector.target();
    let scheme = if target.is_tls() { "wss" } else { "ws" };
    let unusable = |error: &dyn std::fmt::Display| Failure::new("connect", format!("{}: {error}", opening.path));
    let mut request = Request::get(format!("{scheme}://{}{}", target.authority(), opening.path))
        .body(())
        .map_err(|error| unusable(&error))?;
    let value = |text: &str| HeaderValue::try_from(text).map_err(|error| unusable(&error));
    let headers = request.headers_mut();
    headers.clone_from(&opening.headers);
    if !headers.contains_key(HOST) {
        headers.insert(HOST, value(target.authority())?);
    }
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_KEY, value(&generate_key())?);
    if !opening.subprotocols.is_empty() {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, value(&opening.subprotocols.join(", "))?);
    }
    Ok(request)
}

/// The handshake failed.
fn refused(error: &Error) -> Failure {
    match error {
        Error::Http(answer) => Failure::new("status", not_101(answer)),
        Error::Io(_) | Error::Protocol(ProtocolError::HandshakeIncomplete) => {
            Failure::new("closed", format!("no answer to the upgrade: {error}"))
        }
        _ => Failure::new("protocol", format!("the upgrade went wrong: {error}")),
    }
}

fn not_101(answer: &Response<Option<Vec<u8>>>) -> String {
    let body = answer.body().as_deref().unwrap_or_default();
    let excerpt = &body[..body.len().min(EXCERPT_BYTES)];
    format!("{}, not 101: {}", answer.status(), String::from_utf8_lossy(excerpt))
}

/// The open connection failed.
fn broken(error: &Error) -> Failure {
    match error {
        Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => Failure::new("protocol", error.to_string()),
        Error::Io(_) | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Failure::new("truncated", format!("the connection was cut: {error}"))
        }
        Error::ConnectionClosed | Error::AlreadyClosed | Error::Protocol(ProtocolError::SendAfterClosing) => {
            Failure::new("closed", error.to_string())
        }
        _ => Failure::new("protocol", error.to_string()),
    }
}

fn left(Closed { code, reason }: &Closed) -> Failure {
    let separator = if reason.is_empty() { "" } else { ": " };
    Failure::new("closed", format!("by the server, code {code}{separator}{reason}"))
}
