//! What is said and heard over a WebSocket or a Socket.IO session.

use super::{Head, Place, Whither};
use crate::{
    Failure,
    journey::{
        Client,
        expect::Content,
        template::{CompileError, Memory, Program, Scope},
    },
    protocol::{
        engine_io::{self, Transports, cookies::Cookies},
        socket_io::{self, SocketIo},
        websocket::{self, Data, WebSocket},
    },
    scenario::{
        message::{Message, Words},
        step::Conversation,
    },
};
use http::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// RFC 6455, section 7.4.1: all is done.
const NORMAL: u16 = 1000;

/// A conversation, ready to be held.
pub(crate) struct TalkAct {
    pub(crate) line: Line,
    said: Vec<Said>,
    keep: bool,
    /// Where the client keeps it.
    slot: usize,
}

/// What is needed to open a session.
pub(crate) struct Line {
    place: Place,
    head: Head,
    channel: Channel,
}

/// Over what.
pub(crate) enum Channel {
    WebSocket,
    SocketIo {
        transports: Transports,
        namespace: String,
        auth: Option<Program>,
    },
}

/// A message, ready.
pub(crate) enum Said {
    Say {
        text: Option<Program>,
        expect: Option<Content>,
    },
    Emit {
        event: String,
        args: Program,
        ack: Option<Content>,
    },
    Hear {
        event: String,
        expect: Content,
    },
}

/// A session that stays open.
pub(crate) struct Kept {
    /// What it was opened for: another path is another session.
    path: String,
    session: Session,
}

impl Kept {
    /// The session, if it must be looked after while nothing is said.
    pub(crate) fn session_mut(&mut self) -> Option<&mut SocketIo> {
        match &mut self.session {
            Session::SocketIo(session) => Some(session),
            Session::WebSocket(_) => None,
        }
    }
}

/// An open session.
#[allow(
    clippy::large_enum_variant,
    reason = "one for each client, and both kinds are held open"
)]
pub(crate) enum Session {
    WebSocket(WebSocket),
    SocketIo(Box<SocketIo>),
}

impl TalkAct {
    pub(crate) fn new(
        conversation: &Conversation,
        socketio: bool,
        slot: usize,
        prefix: &str,
        scope: &Scope<'_>,
    ) -> Result<Self, CompileError> {
        Ok(Self {
            line: Line::new(conversation, socketio, prefix, scope)?,
            said: conversation
                .messages
                .iter()
                .map(|message| Said::new(message, scope))
                .collect::<Result<_, _>>()?,
            keep: conversation.keep,
            slot,
        })
    }

    /// The bytes that were heard. A session that failed is not kept.
    pub(crate) async fn perform(&self, client: &mut Client, timeout: Duration) -> Result<u64, Failure> {
        match tokio::time::timeout(timeout, self.hold(client, timeout)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(
                "timeout",
                format!("the conversation was not over within {timeout:?}"),
            )),
        }
    }

    async fn hold(&self, client: &mut Client, timeout: Duration) -> Result<u64, Failure> {
        let path = self.line.place.text(&mut client.memory)?;
        let kept = client
            .kept
            .get_mut(self.slot)
            .and_then(Option::take)
            .filter(|kept| kept.path == path);
        let Client {
            memory,
            cookies,
            whither,
            ..
        } = client;
        let mut session = match kept {
            Some(kept) => kept.session,
            None => {
                self.line
                    .open(path.clone(), memory, cookies.as_ref(), whither, timeout)
                    .await?
            }
        };
        let bytes = session.talk(&self.said, memory).await?;
        if !self.keep {
            session.close().await?;
        } else if let Some(place) = client.kept.get_mut(self.slot) {
            *place = Some(Kept { path, session });
        }
        Ok(bytes)
    }
}

impl Line {
    pub(crate) fn new(
        conversation: &Conversation,
        socketio: bool,
        prefix: &str,
        scope: &Scope<'_>,
    ) -> Result<Self, CompileError> {
        let auth = conversation
            .auth
            .as_ref()
            .map(|auth| Program::json(auth, scope))
            .transpose()?;
        let (transports, namespace) = (conversation.transports, conversation.namespace.clone());
        Ok(Self {
            place: Place::new(&conversation.path, prefix, scope)?,
            head: Head::new(&conversation.headers, scope)?,
            channel: if socketio {
                Channel::SocketIo {
                    transports,
                    namespace,
                    auth,
                }
            } else {
                Channel::WebSocket
            },
        })
    }

    /// Opens a session for a subscription, which has no cookies.
    pub(crate) async fn open_for(
        &self,
        memory: &mut Memory,
        whither: &Whither,
        timeout: Duration,
    ) -> Result<Session, Failure> {
        let path = self.place.text(memory)?;
        self.open(path, memory, None, whither, timeout).await
    }

    async fn open(
        &self,
        path: String,
        memory: &mut Memory,
        cookies: Option<&Cookies>,
        whither: &Whither,
        timeout: Duration,
    ) -> Result<Session, Failure> {
        let mut headers = HeaderMap::new();
        self.head.write(&mut headers, memory, cookies)?;
        match &self.channel {
            Channel::WebSocket => {
                let opening = websocket::Opening {
                    path,
                    headers,
                    subprotocols: Vec::new(),
                };
                WebSocket::open(&whither.sockets, &opening, timeout)
                    .await
                    .map(Session::WebSocket)
            }
            Channel::SocketIo {
                transports,
                namespace,
                auth,
            } => {
                let engine = engine_io::Options {
                    path,
                    transports: *transports,
                    headers,
                    query: String::new(),
                    timeout,
                };
                let auth = auth.as_ref().map(|auth| json(auth, memory)).transpose()?;
                let options = socket_io::Options {
                    engine,
                    namespace: namespace.clone(),
                    auth,
                };
                let mut session = SocketIo::connect(&whither.sockets, options).await?;
                if *transports == Transports::Upgrade {
                    session.upgraded().await?;
                }
                Ok(Session::SocketIo(Box::new(session)))
            }
        }
    }
}

fn json(program: &Program, memory: &mut Memory) -> Result<Value, Failure> {
    serde_json::from_slice(&program.bytes(memory)).map_err(|error| Failure::new("json", error.to_string()))
}

impl Said {
    pub(crate) fn new(message: &Message, scope: &Scope<'_>) -> Result<Self, CompileError> {
        let content = |expect| Content::new(expect, &[], scope);
        Ok(match message {
            Message::Say { text, expect } => Self::Say {
                text: match text {
                    None => None,
                    Some(Words::Text(text)) => Some(Program::text(text, scope)?),
                    Some(Words::Json(json)) => Some(Program::json(json, scope)?),
                },
                expect: expect.as_ref().map(content).transpose()?,
            },
            Message::Emit { event, args, ack } => Self::Emit {
                event: event.clone(),
                args: Program::json(&crate::journey::template::JsonTemplate::List(args.clone()), scope)?,
                ack: ack.as_ref().map(content).transpose()?,
            },
            Message::Hear { event, expect } => Self::Hear {
                event: event.clone(),
                expect: content(expect)?,
            },
        })
    }
}

impl Session {
    /// Says and hears all of it; the bytes that were heard.
    pub(crate) async fn talk(&mut self, said: &[Said], memory: &mut Memory) -> Result<u64, Failure> {
        let mut bytes = 0;
        for said in said {
            bytes += match (&mut *self, said) {
                (Self::WebSocket(socket), Said::Say { text, expect }) => {
                    say(socket, text.as_ref(), expect.as_ref(), memory).await?
                }
                (Self::SocketIo(session), Said::Emit { event, args, ack }) => {
                    emit(session, event, args, ack.as_ref(), memory).await?
                }
                (Self::SocketIo(session), Said::Hear { event, expect }) => hear(session, event, expect, memory).await?,
                // Scenarios with a message of the other kind are refused.
                _ => 0,
            };
        }
        Ok(bytes)
    }

    async fn close(self) -> Result<(), Failure> {
        match self {
            Self::WebSocket(socket) => socket.close(NORMAL, "").await.map(drop),
            Self::SocketIo(session) => session.disconnect().await,
        }
    }
}

async fn say(
    socket: &mut WebSocket,
    text: Option<&Program>,
    expect: Option<&Content>,
    memory: &mut Memory,
) -> Result<u64, Failure> {
    if let Some(text) = text {
        let text = String::from_utf8_lossy(&text.bytes(memory)).into_owned();
        socket.send_text(text).await?;
    }
    let Some(expect) = expect else { return Ok(0) };
    let message = socket.next().await?;
    let bytes = match &message.data {
        Data::Text(text) => text.as_bytes(),
        Data::Binary(bytes) => bytes,
    };
    expect.judge(bytes, memory)?;
    Ok(bytes.len() as u64)
}

async fn emit(
    session: &mut SocketIo,
    event: &str,
    args: &Program,
    ack: Option<&Content>,
    memory: &mut Memory,
) -> Result<u64, Failure> {
    let args: Vec<Value> = match json(args, memory)? {
        Value::Array(args) => args,
        other => vec![other],
    };
    let Some(ack) = ack else {
        session.emit(event, args).await?;
        return Ok(0);
    };
    let answer = session.emit_with_ack(event, args).await?;
    judge_args(&answer.args, ack, memory)
}

async fn hear(session: &mut SocketIo, event: &str, expect: &Content, memory: &mut Memory) -> Result<u64, Failure> {
    loop {
        let heard = session.next().await?;
        if heard.name == event {
            return judge_args(&heard.args, expect, memory);
        }
    }
}

fn judge_args(args: &[Value], expect: &Content, memory: &mut Memory) -> Result<u64, Failure> {
    let text = serde_json::to_vec(args).map_err(|error| Failure::new("json", error.to_string()))?;
    expect.judge(&text, memory)?;
    Ok(text.len() as u64)
}
