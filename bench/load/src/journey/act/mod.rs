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

impl Whither {
    /// The same from this client's own address, where it can have one.
    pub(crate) fn of_client(&self, number: u32) -> Self {
        Self {
            requests: self.requests.of_client(number),
            sockets: self.sockets.of_client(number),
        }
    }
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
