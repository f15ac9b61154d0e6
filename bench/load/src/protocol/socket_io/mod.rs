//! Socket.IO, protocol revision 5 (<https://socket.io/docs/v4/socket-io-protocol/>), which clients 3 and 4 speak: one
//! namespace over one Engine.IO session. Binary attachments are refused.

pub mod packet;
#[cfg(test)]
mod tests;

use super::{
    Connector,
    engine_io::{self, EngineIo, Message},
};
use crate::Failure;
use packet::{Body, MAIN_NAMESPACE, Packet};
use serde_json::Value;
use std::{
    collections::{HashSet, VecDeque},
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Instant,
};

/// Whom to connect as, and to what.
#[derive(Debug, Clone)]
pub struct Options {
    /// How to reach the server.
    pub engine: engine_io::Options,
    /// Begins with a slash; `/` is the main one.
    pub namespace: String,
    /// An object that the server judges: `{"token": …}`.
    pub auth: Option<Value>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            engine: engine_io::Options::default(),
            namespace: MAIN_NAMESPACE.to_owned(),
            auth: None,
        }
    }
}

/// An event of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened.
    pub name: String,
    /// With what.
    pub args: Vec<Value>,
    /// Under which number the server awaits an [acknowledgement](SocketIo::acknowledge), if it does.
    pub id: Option<u64>,
    /// When it was read: when it arrived, as long as somebody waits for the client.
    pub at: Instant,
}

/// The server's answer to an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Ack {
    /// What the server's handler answered.
    pub args: Vec<Value>,
    /// When it was read.
    pub at: Instant,
}

/// A client in one namespace. To drop it cuts its session; [`disconnect`](Self::disconnect) takes leave.
///
/// It lives while somebody waits for it, as [its session](EngineIo) does; [`idle_until`](Self::idle_until) passes time. All
/// waiting may be given up (in a `timeout`, a `select!`) and taken up again: nothing that arrived is lost.
///
/// Failures are those of the session; besides `connect` where the server does not let the client in, `protocol` for packets
/// that make no sense, `closed` where the server ends the namespace. After one the client is over.
pub struct SocketIo {
    engine: EngineIo,
    namespace: String,
    sid: String,
    events: VecDeque<Event>,
    next_id: u64,
    awaited: Option<u64>,
    answer: Option<Ack>,
    /// Ids whose answers nobody waits for any more.
    abandoned: HashSet<u64>,
}

impl SocketIo {
    /// Opens a session and enters the namespace. An upgrade goes on while the client is used; see
    /// [`upgraded`](Self::upgraded).
    ///
    /// # Errors
    /// See [`SocketIo`].
    pub async fn connect(connector: &Connector, options: Options) -> Result<Self, Failure> {
        let Options {
            engine,
            namespace,
            auth,
        } = options;
        let limit = engine.timeout;
        let mut engine = EngineIo::open(connector, &Rc::new(engine)).await?;
        let packet = Packet {
            namespace: namespace.as_str().into(),
            body: Body::Connect(auth),
        };
        engine.send(&packet.encode());
        let answer = tokio::time::timeout(limit, engine.next())
            .await
            .map_err(|_| Failure::new("timeout", format!("{namespace} was not entered within {limit:?}")))??;
        let sid = entered(&namespace, &answer)?;
        Ok(Self {
            engine,
            namespace,
            sid,
            events: VecDeque::new(),
            next_id: 0,
            awaited: None,
            answer: None,
            abandoned: HashSet::new(),
        })
    }

    /// The socket's id in its namespace.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// The session beneath: its transport, its pings.
    pub fn engine(&self) -> &EngineIo {
        &self.engine
    }

    /// Waits until the session has gone on to WebSocket.
    ///
    /// # Errors
    /// See [`SocketIo`].
    pub async fn upgraded(&mut self) -> Result<(), Failure> {
        self.engine.upgraded().await
    }

    /// Sends an event; with polling, waits until the server has it.
    ///
    /// # Errors
    /// See [`SocketIo`].
    pub async fn emit(&mut self, name: &str, args: Vec<Value>) -> Result<(), Failure> {
        let name = name.to_owned();
        self.queue(Body::Event { name, args, id: None });
        self.engine.flush().await
    }

    /// Sends an event and waits for its acknowledgement; events that come meanwhile are kept.
    ///
    /// # Errors
    /// See [`SocketIo`].
    pub async fn emit_with_ack(&mut self, name: &str, args: Vec<Value>) -> Result<Ack, Failure> {
        let (id, name) = (self.next_id, name.to_owned());
        self.next_id += 1;
        self.abandoned.extend(self.awaited.replace(id));
        self.answer = None;
        self.queue(Body::Event {
            name,
            args,
            id: Some(id),
        });
        poll_fn(|cx| {
            loop {
                if let Some(answer) = self.answer.take() {
                    return Poll::Ready(Ok(answer));
                }
                ready!(self.poll_packet(cx))?;
            }
        })
        .await
    }

    /// Answers an event of the server.
    ///
    /// # Errors
    /// See [`SocketIo`].
    pub async fn acknowledge(&mut self, id: u64, args: Vec<Value>) -> Result<(), Failure> {
        self.queue(Body::Ack { id, args });
        self.engine.flush().await
    }

    /// The next event.
    ///
    /// # Errors
    /// See [`SocketIo`].
    pub async fn next(&mut self) -> Result<Event, Failure> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// See [`next`](Self::next).
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, Failure>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(Ok(event));
            }
            ready!(self.poll_packet(cx))?;
        }
    }

    /// Answers the server's pings until then; events that come are kept.
    ///
    /// # Errors
    /// See [`SocketIo`].
    pub async fn idle_until(&mut self, then: Instant) -> Result<(), Failure> {
        let ended = poll_fn(|cx| {
            loop {
                ready!(self.poll_packet(cx))?;
            }
        });
        tokio::time::timeout_at(then.into(), ended).await.unwrap_or(Ok(()))
    }

    /// Leaves the namespace and ends the session.
    ///
    /// # Errors
    /// See [`SocketIo`].
    pub async fn disconnect(mut self) -> Result<(), Failure> {
        self.queue(Body::Disconnect);
        self.engine.close().await
    }

    fn queue(&mut self, body: Body) {
        let packet = Packet {
            namespace: self.namespace.as_str().into(),
            body,
        };
        self.engine.send(&packet.encode());
    }

    /// Takes one packet of the server.
    fn poll_packet(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let message = ready!(self.engine.poll_next(cx))?;
        let at = message.at;
        let body = match decode(&self.namespace, &message)? {
            Body::Event { name, args, id } => {
                self.events.push_back(Event { name, args, id, at });
                return Poll::Ready(Ok(()));
            }
            body => body,
        };
        Poll::Ready(match body {
            Body::Ack { id, args } if self.awaited == Some(id) => {
                self.awaited = None;
                self.answer = Some(Ack { args, at });
                Ok(())
            }
            Body::Ack { id, .. } if self.abandoned.remove(&id) => Ok(()),
            Body::Ack { id, .. } => Err(Failure::new(
                "protocol",
                format!("acknowledgement {id}, which nothing awaits"),
            )),
            Body::Disconnect => Err(Failure::new("closed", format!("the server ended {}", self.namespace))),
            Body::Connect(_) | Body::ConnectError(_) | Body::Event { .. } => Err(Failure::new(
                "protocol",
                format!("packet {} has no place here", message.text()),
            )),
        })
    }
}

fn decode(namespace: &str, message: &Message) -> Result<Body, Failure> {
    let packet = Packet::decode(message.text()).map_err(|error| Failure::new("protocol", error.to_string()))?;
    match packet.namespace == namespace {
        true => Ok(packet.body),
        false => Err(Failure::new(
            "protocol",
            format!("a packet of {}, which was not entered", packet.namespace),
        )),
    }
}

/// The socket's id, if the server let the client in.
fn entered(namespace: &str, answer: &Message) -> Result<String, Failure> {
    match decode(namespace, answer)? {
        Body::Connect(Some(welcome)) if welcome["sid"].is_string() => {
            Ok(welcome["sid"].as_str().unwrap_or_default().to_owned())
        }
        Body::ConnectError(reason) => {
            let said = reason["message"].as_str().or(reason.as_str());
            let said = said.map_or_else(|| reason.to_string(), str::to_owned);
            Err(Failure::new(
                "connect",
                format!("{namespace} is closed to this client: {said}"),
            ))
        }
        _ => Err(Failure::new(
            "protocol",
            format!("CONNECT was answered with {}", answer.text()),
        )),
    }
}
