//! Steps that are ready to be done.

mod place;
mod request;
mod sse;
mod talk;

pub(crate) use place::{Head, Place};
pub(crate) use request::RequestAct;
pub(crate) use sse::{Opening as SseOpening, SseAct};
pub(crate) use talk::{Kept, Line, Said, Session, TalkAct};

use super::template::Program;
use crate::{protocol::Connector, scenario::quantity::TimeRange};

/// Where requests and sessions go.
#[derive(Clone)]
pub(crate) struct Whither {
    /// Requests and event streams.
    pub(crate) requests: Connector,
    /// WebSockets and Socket.IO, which need HTTP/1.1.
    pub(crate) sockets: Connector,
}

/// A step.
pub(crate) enum Act {
    Think(TimeRange),
    Set(Vec<(u16, Program)>),
    Request(Box<RequestAct>),
    Sse(Box<SseAct>),
    Talk(Box<TalkAct>),
}

/// What a step publishes.
pub(crate) struct Publishing {
    /// The stream's place in the scenario.
    pub(crate) stream: usize,
    pub(crate) topic: Option<Program>,
}
