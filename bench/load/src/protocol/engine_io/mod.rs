//! Engine.IO, protocol revision 4 (<https://socket.io/docs/v4/engine-io-protocol/>), as the official client speaks it: long
//! polling, the upgrade to WebSocket, WebSocket from the start.
//!
//! A session has no task of its own. It lives while somebody waits for it: for a [message](EngineIo::next), for what was
//! sent to [go out](EngineIo::flush). Who lets it lie for longer than the server's patience (20 to 45 seconds, mostly) loses
//! it, as a client that sleeps does.

pub(crate) mod cookies;
pub mod packet;
mod polling;
mod request;
#[cfg(test)]
mod tests;

pub use packet::Handshake;

use super::{
    Connector,
    websocket::{Data, Utf8Bytes, WebSocket},
};
use crate::Failure;
use http::HeaderMap;
use packet::Packet;
use polling::{Polling, Step};
use request::Site;
use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::time::Sleep;

/// Which transports a session uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transports {
    /// What the official client does by default: it begins with polling and goes on to WebSocket.
    #[default]
    Upgrade,
    /// Polling alone.
    Polling,
    /// WebSocket alone.
    WebSocket,
}

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its path: `/socket.io`, `/notifications/socket.io`.
    pub path: String,
    /// Which transports.
    pub transports: Transports,
    /// Sent with each request, upgrades too: credentials, cookies.
    pub headers: HeaderMap,
    /// Further query parameters in their encoded form, without `?`; mostly empty.
    pub query: String,
    /// For each request but the long poll, and for the upgrade.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            path: "/socket.io".to_owned(),
            transports: Transports::default(),
            headers: HeaderMap::new(),
            query: String::new(),
            timeout: Duration::from_secs(10),
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    packet: Utf8Bytes,
    /// When it was read: when it arrived, as long as somebody waits for the session.
    pub at: Instant,
}

impl Message {
    /// What it says.
    pub fn text(&self) -> &str {
        // Without the packet's type.
        self.packet.get(1..).unwrap_or_default()
    }
}

/// A session. To drop it cuts it; [`close`](Self::close) takes leave.
///
/// Kinds of failure: `status` and `body` (an HTTP answer that is not as it should be), `protocol`, `closed` (the server ended
/// the session), `timeout` (an answer, or the server's ping, did not come), `truncated`. After one the session is over.
pub struct EngineIo {
    handshake: Handshake,
    transport: Transport,
    inbox: VecDeque<Message>,
    outbox: VecDeque<String>,
    /// Some of what was sent by WebSocket has not left.
    unflushed: bool,
    /// Ends when the server's ping is overdue.
    overdue: Pin<Box<Sleep>>,
    pings: u64,
    broken: Option<Failure>,
}

#[allow(clippy::large_enum_variant, reason = "one for each session; most become WebSockets")]
enum Transport {
    Polling(Box<Polling>),
    WebSocket(WebSocket),
}

impl EngineIo {
    /// Opens a session. An upgrade goes on while the session is used; see [`upgraded`](Self::upgraded).
    ///
    /// # Errors
    /// Those of [`EngineIo`], `connect` too; `protocol` where the server does not offer the upgrade that is wanted.
    pub async fn open(connector: &Connector, options: &Rc<Options>) -> Result<Self, Failure> {
        let mut site = Site::new(connector.clone(), Rc::clone(options));
        if options.transports == Transports::WebSocket {
            let mut socket = site.websocket().await?;
            let first = tokio::time::timeout(options.timeout, socket.next())
                .await
                .map_err(|_| Failure::new("timeout", format!("no handshake within {:?}", options.timeout)))??;
            let handshake = handshake(&text(first.data)?)?;
            return Ok(Self::new(handshake, Transport::WebSocket(socket)));
        }
        let (mut polling, payload) = Polling::open(site).await?;
        let mut packets = packet::split(&payload);
        let handshake = handshake(packets.next().unwrap_or_default())?;
        polling.opened(&handshake)?;
        let mut session = Self::new(handshake, Transport::Polling(Box::new(polling)));
        for packet in packets {
            session.take(packet.into(), Instant::now())?;
        }
        Ok(session)
    }

    fn new(handshake: Handshake, transport: Transport) -> Self {
        Self {
            overdue: Box::pin(tokio::time::sleep(handshake.patience())),
            handshake,
            transport,
            inbox: VecDeque::new(),
            outbox: VecDeque::new(),
            unflushed: false,
            pings: 0,
            broken: None,
        }
    }

    /// What the server told about the session.
    pub fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// The transport in use: `polling` or `websocket`.
    pub fn transport(&self) -> &'static str {
        match self.transport {
            Transport::Polling(_) => "polling",
            Transport::WebSocket(_) => "websocket",
        }
    }

    /// Pings so far; each was answered.
    pub fn pings(&self) -> u64 {
        self.pings
    }

    /// Queues a message; it goes out while the session is waited for.
    pub fn send(&mut self, text: &str) {
        self.outbox.push_back(Packet::Message(text.into()).encode());
    }

    /// The next message. It may be given up and asked again: no message is lost.
    ///
    /// # Errors
    /// Those of [`EngineIo`].
    pub async fn next(&mut self) -> Result<Message, Failure> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// See [`next`](Self::next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Failure>> {
        loop {
            if let Some(message) = self.inbox.pop_front() {
                return Poll::Ready(Ok(message));
            }
            ready!(self.poll_drive(cx))?;
        }
    }

    /// Waits until all that was queued has gone out, with polling until the server has confirmed it.
    ///
    /// # Errors
    /// Those of [`EngineIo`].
    pub async fn flush(&mut self) -> Result<(), Failure> {
        self.drive_until(|session| {
            let sent = match &session.transport {
                Transport::Polling(polling) => polling.has_sent(),
                Transport::WebSocket(_) => !session.unflushed,
            };
            session.outbox.is_empty() && sent
        })
        .await
    }

    /// Waits until the session has gone on to WebSocket.
    ///
    /// # Errors
    /// Those of [`EngineIo`]; `protocol` where the session is meant to stay with polling.
    pub async fn upgraded(&mut self) -> Result<(), Failure> {
        if let Transport::Polling(polling) = &self.transport
            && !polling.is_upgrading()
        {
            return Err(Failure::new("protocol", "this session polls; it does not upgrade"));
        }
        self.drive_until(|session| matches!(session.transport, Transport::WebSocket(_)))
            .await
    }

    /// Sends what is queued, goes through with an upgrade that has begun, and ends the session.
    ///
    /// # Errors
    /// Those of [`EngineIo`].
    pub async fn close(mut self) -> Result<(), Failure> {
        self.flush().await?;
        if let Transport::Polling(polling) = &self.transport
            && polling.is_upgrading()
        {
            self.upgraded().await?;
        }
        match self.transport {
            Transport::Polling(polling) => polling.close().await,
            Transport::WebSocket(socket) => socket.close(1000, "").await.map(drop),
        }
    }

    async fn drive_until(&mut self, done: impl Fn(&Self) -> bool) -> Result<(), Failure> {
        poll_fn(|cx| {
            while !done(self) {
                ready!(self.poll_drive(cx))?;
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Does whatever can be done now; ready where something happened.
    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        if let Some(failure) = &self.broken {
            return Poll::Ready(Err(failure.clone()));
        }
        let driven = self.poll_transport(cx);
        let driven = match driven {
            Poll::Pending if self.overdue.as_mut().poll(cx).is_ready() => {
                let detail = format!("no ping within {:?}", self.handshake.patience());
                Poll::Ready(Err(Failure::new("timeout", detail)))
            }
            driven => driven,
        };
        if let Poll::Ready(Err(failure)) = &driven {
            self.broken = Some(failure.clone());
            // What arrived before it is told before it.
            if !self.inbox.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        driven
    }

    fn poll_transport(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        match &mut self.transport {
            Transport::WebSocket(socket) => {
                if !self.outbox.is_empty() || self.unflushed {
                    for packet in self.outbox.drain(..) {
                        socket.queue_text(packet)?;
                    }
                    self.unflushed = socket.poll_flush(cx)?.is_pending();
                    // Pending or not, reading goes on: a server that waits to be read may not read either.
                    if !self.unflushed {
                        return Poll::Ready(Ok(()));
                    }
                }
                let message = ready!(socket.poll_next(cx))?;
                let packet = text(message.data)?;
                Poll::Ready(self.take(packet, message.at))
            }
            Transport::Polling(polling) => {
                match ready!(polling.poll(cx, &mut self.outbox))? {
                    Step::Done => {}
                    Step::Upgraded(socket) => {
                        self.transport = Transport::WebSocket(socket);
                        self.unflushed = true;
                    }
                    Step::Received(payload, at) => {
                        for packet in packet::split(&payload) {
                            self.take(packet.into(), at)?;
                        }
                    }
                }
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Takes one packet of the server.
    fn take(&mut self, packet: Utf8Bytes, at: Instant) -> Result<(), Failure> {
        match Packet::decode(&packet).map_err(|error| Failure::new("protocol", error.to_string()))? {
            Packet::Message(_) => self.inbox.push_back(Message { packet, at }),
            Packet::Ping(_) => {
                self.pings += 1;
                self.overdue
                    .as_mut()
                    .reset(tokio::time::Instant::now() + self.handshake.patience());
                self.outbox.push_back(Packet::Pong("".into()).encode());
            }
            Packet::Noop => {}
            Packet::Close => return Err(Failure::new("closed", "the server ended the session")),
            Packet::Open(_) | Packet::Pong(_) | Packet::Upgrade => {
                return Err(Failure::new("protocol", format!("packet {packet} has no place here")));
            }
        }
        Ok(())
    }
}

/// The text of a WebSocket message.
fn text(data: Data) -> Result<Utf8Bytes, Failure> {
    match data {
        Data::Text(text) => Ok(text),
        Data::Binary(_) => Err(Failure::new("protocol", packet::PacketError::Binary.to_string())),
    }
}

fn handshake(packet: &str) -> Result<Handshake, Failure> {
    match Packet::decode(packet) {
        Ok(Packet::Open(handshake)) => Ok(handshake),
        Ok(_) => Err(Failure::new(
            "protocol",
            format!("the session begins with {packet}, not with a handshake"),
        )),
        Err(error) => Err(Failure::new("protocol", error.to_string())),
    }
}
