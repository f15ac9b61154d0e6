//! `streams`: subscriptions that are held open beside the journeys, and hear of what these publish. An event belongs to the
//! publication whose nonce is anywhere in its data; events without one are not counted.

use super::{
    message::{Message, transports},
    named::Named,
    step::{Conversation, headers_gaps},
};
use crate::{
    journey::template::{Gap, JsonTemplate, Template},
    protocol::engine_io::Transports,
};
use edge_config::units::Rate;
use serde::Deserialize;

/// `streams.<name>`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Stream {
    /// How many subscriptions; `{{client}}` is a subscription's number.
    pub count: u32,
    /// How many are opened in a second.
    pub open_rate: Rate,
    /// Over what.
    pub via: Via,
    /// The name of the events that count; all unless told.
    pub event: Option<String>,
    /// What a subscription is about: it hears of what is published with the same topic. Of everything unless told.
    pub topic: Option<Template>,
}

/// Over what a subscription hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Via {
    /// Server-sent events: path and headers.
    Sse(Template, Named<Template>),
    /// A WebSocket; its messages are said once, after it is open.
    WebSocket(Box<Conversation>),
    /// A Socket.IO session; its messages are said once, after it is open.
    SocketIo(Box<Conversation>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    count: u32,
    open_rate: Option<Rate>,
    sse: Option<Template>,
    websocket: Option<Template>,
    socketio: Option<Template>,
    #[serde(default)]
    headers: Named<Template>,
    #[serde(default, deserialize_with = "transports")]
    transports: Option<Transports>,
    namespace: Option<String>,
    auth: Option<JsonTemplate>,
    #[serde(default)]
    messages: Vec<Message>,
    event: Option<String>,
    topic: Option<Template>,
}

impl TryFrom<Fields> for Stream {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        if fields.count == 0 {
            return Err("count: 0 subscriptions hear nothing; give at least 1".into());
        }
        let only_socketio = fields.transports.is_some() || fields.namespace.is_some() || fields.auth.is_some();
        if only_socketio && fields.socketio.is_none() {
            return Err("`transports`, `namespace` and `auth` belong to `socketio`".into());
        }
        if fields.event.is_some() && fields.websocket.is_some() {
            return Err("a WebSocket's messages have no name; take `event` out".into());
        }
        let socketio = fields.socketio.is_some();
        fields
            .messages
            .iter()
            .try_for_each(|message| message.check_fit(socketio))?;
        let conversation = |path| {
            Box::new(Conversation {
                path,
                headers: fields.headers.clone(),
                transports: fields.transports.unwrap_or_default(),
                namespace: fields.namespace.clone().unwrap_or_else(|| "/".to_owned()),
                auth: fields.auth.clone(),
                messages: fields.messages.clone(),
                keep: true,
            })
        };
        let via = match (fields.sse, fields.websocket, fields.socketio) {
            (Some(_), None, None) if !fields.messages.is_empty() => {
                return Err("an event stream cannot be talked to; take `messages` out".into());
            }
            (Some(path), None, None) => Via::Sse(path, fields.headers),
            (None, Some(path), None) => Via::WebSocket(conversation(path)),
            (None, None, Some(path)) => Via::SocketIo(conversation(path)),
            _ => return Err("needs exactly one of `sse`, `websocket` and `socketio`".into()),
        };
        let open_rate = fields.open_rate.map_or_else(|| "200/s".parse(), Ok)?;
        let (count, event, topic) = (fields.count, fields.event, fields.topic);
        Ok(Self {
            count,
            open_rate,
            via,
            event,
            topic,
        })
    }
}

impl Stream {
    /// All gaps in its templates.
    pub(crate) fn gaps(&self) -> Vec<&Gap> {
        let mut gaps: Vec<_> = self.topic.iter().flat_map(Template::gaps).collect();
        match &self.via {
            Via::Sse(path, headers) => gaps.extend(path.gaps().chain(headers_gaps(headers))),
            Via::WebSocket(conversation) | Via::SocketIo(conversation) => gaps.extend(conversation.gaps()),
        }
        gaps
    }
}
