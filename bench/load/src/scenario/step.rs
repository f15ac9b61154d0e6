//! Steps: what a client does, one thing after the other.

use super::{
    expect::{Expect, Source, check_names},
    message::{Message, transports},
    multipart::Part,
    named::Named,
    quantity::TimeRange,
};
use crate::{
    journey::template::{Gap, JsonTemplate, Template},
    protocol::engine_io::Transports,
};
use edge_config::units::TimeSpan;
use http::Method;
use serde::{Deserialize, Deserializer, de};
use std::time::Duration;

/// One step.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Step {
    /// As reports call it, after the journey's name.
    pub name: Option<String>,
    /// How long it may take; `load.timeout` unless told.
    pub timeout: Option<Duration>,
    /// The stream whose subscribers will hear of it.
    pub publishes: Option<Publishes>,
    /// What is done.
    pub does: Does,
}

/// Kinds of steps.
#[derive(Debug, Clone, PartialEq)]
pub enum Does {
    /// A pause, unmeasured.
    Think(TimeRange),
    /// Variables get values, unmeasured.
    Set(Named<JsonTemplate>),
    /// An HTTP request, and its whole answer.
    Request(Box<Request>),
    /// An event stream: opened, listened to, closed.
    Sse(Box<Sse>),
    /// A WebSocket: opened, talked over, closed.
    WebSocket(Box<Conversation>),
    /// A Socket.IO session: opened, talked over, closed.
    SocketIo(Box<Conversation>),
}

/// An HTTP request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub path: Template,
    /// Headers.
    pub headers: Named<Template>,
    /// Body.
    pub body: Body,
    /// What its answer must be.
    pub expect: Expect,
    /// What is kept of its answer.
    pub capture: Named<Source>,
}

/// A request's body.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// None.
    Empty,
    /// JSON, with its `Content-Type`.
    Json(JsonTemplate),
    /// Text, without any.
    Text(Template),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// `multipart/form-data`.
    Multipart(Vec<(String, Part)>),
}

/// An event stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Sse {
    /// Path and query.
    pub path: Template,
    /// Headers.
    pub headers: Named<Template>,
    /// What is waited for.
    pub events: Events,
}

/// `events`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// So many; then the stream is closed.
    pub count: u64,
    /// Of this name; others are passed over. All unless told.
    pub name: Option<String>,
    /// What each one's data must be.
    #[serde(default)]
    pub expect: Expect,
}

/// A connection that is talked over.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Path and query; for Socket.IO without the query.
    pub path: Template,
    /// Headers of the handshake.
    pub headers: Named<Template>,
    /// Socket.IO: which transports.
    pub transports: Transports,
    /// Socket.IO: the namespace.
    pub namespace: String,
    /// Socket.IO: what the handshake shows.
    pub auth: Option<JsonTemplate>,
    /// What is said and heard, in order.
    pub messages: Vec<Message>,
    /// Whether it stays open for the next step of the same kind and path, of this iteration or a later one.
    pub keep: bool,
}

/// `publishes`: a stream's name, or `{ to: <name>, topic: <text> }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Publishes {
    /// The stream.
    pub to: String,
    /// Which of its subscribers hear of it; all of them unless told.
    pub topic: Option<Template>,
}

impl<'de> Deserialize<'de> for Publishes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Long {
            to: String,
            topic: Option<Template>,
        }

        struct Either;

        impl<'de> de::Visitor<'de> for Either {
            type Value = Publishes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a stream's name or `{ to: <stream>, topic: <text> }`")
            }

            fn visit_str<E: de::Error>(self, to: &str) -> Result<Publishes, E> {
                let to = to.to_owned();
                Ok(Publishes { to, topic: None })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Publishes, A::Error> {
                let Long { to, topic } = Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Publishes { to, topic })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl Step {
    /// Whether reports have a line for it.
    pub fn is_measured(&self) -> bool {
        !matches!(self.does, Does::Think(_) | Does::Set(_))
    }

    /// The variables that it sets.
    pub fn sets(&self) -> impl Iterator<Item = &str> {
        let (set, request) = match &self.does {
            Does::Set(variables) => (Some(variables), None),
            Does::Request(request) => (None, Some(request)),
            _ => (None, None),
        };
        set.into_iter()
            .flat_map(Named::names)
            .chain(request.into_iter().flat_map(|request| request.sets()))
    }

    /// All gaps in its templates.
    pub(crate) fn gaps(&self) -> Vec<&Gap> {
        let topic = self.publishes.iter().filter_map(|publishes| publishes.topic.as_ref());
        let mut gaps: Vec<_> = topic.flat_map(Template::gaps).collect();
        match &self.does {
            Does::Think(_) => {}
            Does::Set(variables) => gaps.extend(variables.iter().flat_map(|(_, value)| value.gaps())),
            Does::Request(request) => gaps.extend(request.gaps()),
            Does::Sse(sse) => {
                gaps.extend(sse.path.gaps().chain(headers_gaps(&sse.headers)));
                gaps.extend(sse.events.expect.gaps());
            }
            Does::WebSocket(conversation) | Does::SocketIo(conversation) => gaps.extend(conversation.gaps()),
        }
        gaps
    }
}

impl Request {
    fn sets(&self) -> impl Iterator<Item = &str> {
        let parts: &[(String, Part)] = match &self.body {
            Body::Multipart(parts) => parts,
            _ => &[],
        };
        self.capture
            .names()
            .chain(parts.iter().filter_map(|(_, part)| part.sets()))
    }

    /// Whether its answer can carry the nonce back.
    pub(super) fn sends_nonce(&self) -> bool {
        let expected: Vec<_> = self.expect.gaps().filter(|gap| **gap == Gap::Nonce).collect();
        self.gaps().into_iter().filter(|gap| **gap == Gap::Nonce).count() > expected.len()
    }

    fn gaps(&self) -> Vec<&Gap> {
        let mut gaps: Vec<_> = self
            .path
            .gaps()
            .chain(headers_gaps(&self.headers))
            .chain(self.expect.gaps())
            .collect();
        match &self.body {
            Body::Empty => {}
            Body::Json(json) => gaps.extend(json.gaps()),
            Body::Text(text) => gaps.extend(text.gaps()),
            Body::Form(fields) => gaps.extend(fields.iter().flat_map(|(_, value)| value.gaps())),
            Body::Multipart(parts) => gaps.extend(parts.iter().flat_map(|(_, part)| part.gaps())),
        }
        gaps
    }
}

impl Conversation {
    pub(super) fn gaps(&self) -> Vec<&Gap> {
        let mut gaps: Vec<_> = self.path.gaps().chain(headers_gaps(&self.headers)).collect();
        gaps.extend(self.auth.iter().flat_map(JsonTemplate::gaps));
        gaps.extend(self.messages.iter().flat_map(Message::gaps));
        gaps
    }
}

pub(super) fn headers_gaps(headers: &Named<Template>) -> impl Iterator<Item = &Gap> {
    headers.iter().flat_map(|(_, value)| value.gaps())
}

/// All keys of a step.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    name: Option<String>,
    timeout: Option<TimeSpan>,
    publishes: Option<Publishes>,
    think: Option<TimeRange>,
    set: Option<Named<JsonTemplate>>,
    get: Option<Template>,
    head: Option<Template>,
    post: Option<Template>,
    put: Option<Template>,
    patch: Option<Template>,
    delete: Option<Template>,
    options: Option<Template>,
    sse: Option<Template>,
    websocket: Option<Template>,
    socketio: Option<Template>,
    headers: Option<Named<Template>>,
    json: Option<JsonTemplate>,
    body: Option<Template>,
    form: Option<Named<Template>>,
    multipart: Option<Named<Part>>,
    expect: Option<Expect>,
    capture: Option<Named<Source>>,
    events: Option<Events>,
    #[serde(default, deserialize_with = "transports")]
    transports: Option<Transports>,
    namespace: Option<String>,
    auth: Option<JsonTemplate>,
    messages: Option<Vec<Message>>,
    keep: Option<bool>,
}

/// What a step does, by its one key.
enum Verb {
    Think(TimeRange),
    Set(Named<JsonTemplate>),
    Request(Method, Template),
    Sse(Template),
    WebSocket(Template),
    SocketIo(Template),
}

impl TryFrom<Fields> for Step {
    type Error = String;

    fn try_from(mut fields: Fields) -> Result<Self, String> {
        let (key, verb) = fields.verb()?;
        fields.check_fit(key, &verb)?;
        let headers = fields.headers.take().unwrap_or_default();
        let expect = fields.expect.take().unwrap_or_default();
        let does = match verb {
            Verb::Think(range) => Does::Think(range),
            Verb::Set(variables) => {
                check_names(&variables)?;
                Does::Set(variables)
            }
            Verb::Request(method, path) => {
                let capture = fields.capture.take().unwrap_or_default();
                check_names(&capture)?;
                let body = fields.body()?;
                Does::Request(Box::new(Request {
                    method,
                    path,
                    headers,
                    body,
                    expect,
                    capture,
                }))
            }
            Verb::Sse(path) => {
                let events = fields
                    .events
                    .take()
                    .ok_or("`sse` needs `events: { count: <how many> }`")?;
                if events.count == 0 {
                    return Err("events.count: 0 events are none to wait for".into());
                }
                check_content(&events.expect)?;
                Does::Sse(Box::new(Sse { path, headers, events }))
            }
            Verb::WebSocket(path) => Does::WebSocket(fields.conversation(path, headers, false)?),
            Verb::SocketIo(path) => Does::SocketIo(fields.conversation(path, headers, true)?),
        };
        Ok(Self {
            name: fields.name,
            timeout: fields.timeout.map(|span| span.0),
            publishes: fields.publishes,
            does,
        })
    }
}

const VERBS: &str =
    "`get`, `head`, `post`, `put`, `patch`, `delete`, `options`, `sse`, `websocket`, `socketio`, `think`, `set`";

impl Fields {
    fn verb(&mut self) -> Result<(&'static str, Verb), String> {
        let mut verbs = Vec::new();
        let mut add = |key, verb: Option<Verb>| verbs.extend(verb.map(|verb| (key, verb)));
        let request = |method, path: Option<Template>| path.map(|path| Verb::Request(method, path));
        add("think", self.think.take().map(Verb::Think));
        add("set", self.set.take().map(Verb::Set));
        add("get", request(Method::GET, self.get.take()));
        add("head", request(Method::HEAD, self.head.take()));
        add("post", request(Method::POST, self.post.take()));
        add("put", request(Method::PUT, self.put.take()));
        add("patch", request(Method::PATCH, self.patch.take()));
        add("delete", request(Method::DELETE, self.delete.take()));
        add("options", request(Method::OPTIONS, self.options.take()));
        add("sse", self.sse.take().map(Verb::Sse));
        add("websocket", self.websocket.take().map(Verb::WebSocket));
        add("socketio", self.socketio.take().map(Verb::SocketIo));
        match (verbs.pop(), verbs.pop()) {
            (Some(verb), None) => Ok(verb),
            (None, _) => Err(format!("says nothing to do; give one of {VERBS}")),
            (Some((one, _)), Some((other, _))) => Err(format!("has both `{other}` and `{one}`; a step does one thing")),
        }
    }

    /// Keys that do nothing beside this verb are refused.
    fn check_fit(&self, key: &str, verb: &Verb) -> Result<(), String> {
        let request = matches!(verb, Verb::Request(..));
        let silent = matches!(verb, Verb::Think(_) | Verb::Set(_));
        let talks = matches!(verb, Verb::WebSocket(_) | Verb::SocketIo(_));
        let socketio = matches!(verb, Verb::SocketIo(_));
        let with_body = request && !matches!(key, "get" | "head" | "options");
        let present = [
            ("name", self.name.is_some(), !silent),
            ("timeout", self.timeout.is_some(), !silent),
            ("publishes", self.publishes.is_some(), request || talks),
            ("headers", self.headers.is_some(), !silent),
            ("json", self.json.is_some(), with_body),
            ("body", self.body.is_some(), with_body),
            ("form", self.form.is_some(), with_body),
            ("multipart", self.multipart.is_some(), with_body),
            ("expect", self.expect.is_some(), request),
            ("capture", self.capture.is_some(), request),
            ("events", self.events.is_some(), matches!(verb, Verb::Sse(_))),
            ("transports", self.transports.is_some(), socketio),
            ("namespace", self.namespace.is_some(), socketio),
            ("auth", self.auth.is_some(), socketio),
            ("messages", self.messages.is_some(), talks),
            ("keep", self.keep.is_some(), talks),
        ];
        match present.iter().find(|(_, present, fits)| *present && !fits) {
            Some((wrong, ..)) if *wrong == "expect" && !silent => Err(format!(
                "`expect` stands in the `{}` of a `{key}`",
                if talks { "messages" } else { "events" }
            )),
            Some((wrong, ..)) => Err(format!("`{wrong}` does nothing beside `{key}`; take it out")),
            None => Ok(()),
        }
    }

    fn body(&mut self) -> Result<Body, String> {
        let all = [
            self.json.take().map(Body::Json),
            self.body.take().map(Body::Text),
            self.form.take().map(|fields| Body::Form(fields.0)),
            self.multipart.take().map(|parts| Body::Multipart(parts.0)),
        ];
        let mut given = all.into_iter().flatten();
        match (given.next(), given.next()) {
            (body, None) => Ok(body.unwrap_or(Body::Empty)),
            _ => Err("has more than one of `json`, `body`, `form` and `multipart`; keep one".into()),
        }
    }

    fn conversation(
        &mut self,
        path: Template,
        headers: Named<Template>,
        socketio: bool,
    ) -> Result<Box<Conversation>, String> {
        let messages = self.messages.take().unwrap_or_default();
        messages.iter().try_for_each(|message| message.check_fit(socketio))?;
        if messages.is_empty() && !socketio && self.keep.is_none() {
            return Err("`websocket` without `messages` does nothing; say what is sent and expected".into());
        }
        let namespace = self.namespace.take().unwrap_or_else(|| "/".to_owned());
        if !namespace.starts_with('/') {
            return Err(format!("namespace: `{namespace}` does not begin with a `/`"));
        }
        Ok(Box::new(Conversation {
            path,
            headers,
            transports: self.transports.unwrap_or_default(),
            namespace,
            auth: self.auth.take(),
            messages,
            keep: self.keep.unwrap_or_default(),
        }))
    }
}

/// An expectation of something that is no HTTP answer.
pub(super) fn check_content(expect: &Expect) -> Result<(), String> {
    match expect.is_of_content() {
        true => Ok(()),
        false => Err("`status` and `headers` belong to answers; a message or an event has neither".into()),
    }
}
