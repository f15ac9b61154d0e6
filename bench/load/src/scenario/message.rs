//! What is said and heard over a WebSocket or a Socket.IO session.

use super::{expect::Expect, step::check_content};
use crate::{
    journey::template::{Gap, JsonTemplate, Template},
    protocol::engine_io::Transports,
};
use serde::{Deserialize, Deserializer, de};

/// One message.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
pub enum Message {
    /// WebSocket: something is sent, and perhaps a message awaited.
    Say {
        /// What is sent; nothing to wait alone.
        text: Option<Words>,
        /// What the next message must be; it is not waited for unless told.
        expect: Option<Expect>,
    },
    /// Socket.IO: an event is sent, and perhaps its acknowledgement awaited.
    Emit {
        /// The event.
        event: String,
        /// Its arguments.
        args: Vec<JsonTemplate>,
        /// What the acknowledgement's arguments must be, as a list: `/0/ok`.
        ack: Option<Expect>,
    },
    /// Socket.IO: an event is awaited; others are passed over.
    Hear {
        /// The event.
        event: String,
        /// What its arguments must be, as a list.
        expect: Expect,
    },
}

/// What a WebSocket carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Words {
    /// Text.
    Text(Template),
    /// JSON, as text.
    Json(JsonTemplate),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    send: Option<Template>,
    json: Option<JsonTemplate>,
    emit: Option<String>,
    args: Option<Vec<JsonTemplate>>,
    ack: Option<Expect>,
    event: Option<String>,
    expect: Option<Expect>,
}

impl TryFrom<Fields> for Message {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let Fields {
            send,
            json,
            emit,
            args,
            ack,
            event,
            expect,
        } = fields;
        [&ack, &expect].into_iter().flatten().try_for_each(check_content)?;
        let text = match (send, json) {
            (Some(_), Some(_)) => return Err("has both `send` and `json`; keep one".into()),
            (Some(text), None) => Some(Words::Text(text)),
            (None, json) => json.map(Words::Json),
        };
        let lone = |wrong: bool, key: &str, beside: &str| match wrong {
            true => Err(format!("`{key}` belongs to `{beside}`")),
            false => Ok(()),
        };
        lone(args.is_some() && emit.is_none(), "args", "emit")?;
        lone(ack.is_some() && emit.is_none(), "ack", "emit")?;
        match (text, emit, event) {
            (None, Some(event), None) => {
                lone(expect.is_some(), "expect", "event` or `send`, and `ack` to `emit")?;
                let args = args.unwrap_or_default();
                Ok(Self::Emit { event, args, ack })
            }
            (None, None, Some(event)) => {
                let expect = expect.unwrap_or_default();
                Ok(Self::Hear { event, expect })
            }
            (None, None, None) if expect.is_none() => {
                Err("says nothing; give `send`, `json` or `expect`, or for Socket.IO `emit` or `event`".into())
            }
            (text, None, None) => Ok(Self::Say { text, expect }),
            _ => Err("has more than one of `send`, `json`, `emit` and `event`; a message is one thing".into()),
        }
    }
}

impl Message {
    /// Whether it can be said over this kind of connection.
    pub(super) fn check_fit(&self, socketio: bool) -> Result<(), String> {
        match (self, socketio) {
            (Self::Say { .. }, true) => Err("Socket.IO's messages have `emit` or `event`".into()),
            (Self::Emit { .. } | Self::Hear { .. }, false) => {
                Err("a WebSocket's messages have `send`, `json` or `expect`".into())
            }
            _ => Ok(()),
        }
    }

    /// All gaps in its templates.
    pub(crate) fn gaps(&self) -> Vec<&Gap> {
        match self {
            Self::Say { text, expect } => {
                let text = match text {
                    None => Vec::new(),
                    Some(Words::Text(text)) => text.gaps().collect(),
                    Some(Words::Json(json)) => json.gaps(),
                };
                text.into_iter().chain(expect.iter().flat_map(Expect::gaps)).collect()
            }
            Self::Emit { args, ack, .. } => {
                let args = args.iter().flat_map(JsonTemplate::gaps);
                args.chain(ack.iter().flat_map(Expect::gaps)).collect()
            }
            Self::Hear { expect, .. } => expect.gaps().collect(),
        }
    }
}

/// `transports: [polling, websocket]`, as the official client names them.
pub(super) fn transports<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Transports>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["polling", "websocket"] => Ok(Some(Transports::Upgrade)),
        ["polling"] => Ok(Some(Transports::Polling)),
        ["websocket"] => Ok(Some(Transports::WebSocket)),
        _ => Err(de::Error::custom(
            "write `[polling, websocket]`, `[polling]` or `[websocket]`",
        )),
    }
}
