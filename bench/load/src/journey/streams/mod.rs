//! Subscriptions that are held open beside the journeys, and what they hear of what these publish.
//!
//! They live on a thread of their own, so that thousands of arrivals do not delay what is sent. Each event is matched with its
//! publication by the nonce in its data: how long it took from when the publication was due, whether it came twice or in
//! the wrong order, and at the end what has never come. A subscription expects what is published while it is open; one that
//! breaks is lost, and what it then misses is missing.

pub(super) mod board;
mod room;
mod subscriber;

use super::{
    Data, Journeys,
    act::{Line, Said, SseOpening},
    template::{CompileError, Program, Scope, Template},
};
use crate::{
    Failure,
    scenario::{
        quantity::per_second,
        stream::{Stream, Via},
    },
};
use bench_report::model::{self, ErrorCount};
use board::Board;
use room::Room;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// A stream that is ready to be subscribed to.
pub(super) struct Prepared {
    pub(super) name: String,
    pub(super) board: Arc<Board>,
    count: u32,
    /// Opened in a second.
    rate: f64,
    kind: Kind,
    event: Option<String>,
    topic: Option<Program>,
}

enum Kind {
    Sse(SseOpening),
    Talk(Line, Vec<Said>),
}

impl Prepared {
    pub(super) fn new(name: &str, stream: &Stream, prefix: &str, data: &Data) -> Result<Self, CompileError> {
        let scope = Scope::new([], data);
        let kind = match &stream.via {
            Via::Sse(path, headers) => Kind::Sse(SseOpening::new(path, headers, prefix, &scope)?),
            Via::WebSocket(talk) | Via::SocketIo(talk) => {
                let socketio = matches!(stream.via, Via::SocketIo(_));
                let said = talk
                    .messages
                    .iter()
                    .map(|message| Said::new(message, &scope))
                    .collect::<Result<_, _>>()?;
                Kind::Talk(Line::new(talk, socketio, prefix, &scope)?, said)
            }
        };
        let topic = |topic: &Template| Program::text(topic, &scope);
        Ok(Self {
            name: name.to_owned(),
            board: Arc::default(),
            count: stream.count,
            rate: per_second(stream.open_rate),
            kind,
            event: stream.event.clone(),
            topic: stream.topic.as_ref().map(topic).transpose()?,
        })
    }
}

/// All subscriptions of a scenario, open.
pub struct Subscriptions {
    room: Option<(JoinHandle<()>, oneshot::Sender<End>)>,
    heard: Receiver<Heard>,
    measuring: Arc<AtomicBool>,
    names: Vec<String>,
}

/// What subscriptions heard.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// By stream, in the scenario's order.
    pub streams: Vec<model::Stream>,
    /// Why subscriptions were lost, most frequent first; `step` is the stream's name.
    pub errors: Vec<ErrorCount>,
}

impl Subscriptions {
    /// Opens all of them, at the rates that the scenario gives, and returns once they are open or cannot be. It blocks. `processor`
    /// is the one that their thread stays on.
    ///
    /// # Errors
    /// Where a stream has no subscription at all: why. Of a stream that has some, the others are told as lost at the end.
    pub fn open(journeys: &Arc<Journeys>, processor: Option<usize>) -> Result<Self, Failure> {
        let (tell, heard) = mpsc::channel();
        let names = journeys.streams.iter().map(|stream| stream.name.clone()).collect();
        let measuring = Arc::<AtomicBool>::default();
        if journeys.streams.is_empty() {
            return Ok(Self {
                room: None,
                heard,
                measuring,
                names,
            });
        }
        let (opened, opening) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let journeys = Arc::clone(journeys);
        let broken =
            |reason: &dyn std::fmt::Display| Failure::new("connect", format!("the subscriptions' thread: {reason}"));
        let measured = Arc::clone(&measuring);
        let body = move || Room::run(&journeys, processor, measured, &opened, ended, &tell);
        let thread = thread::Builder::new()
            .name("subscriptions".to_owned())
            .spawn(body)
            .map_err(|error| broken(&error))?;
        opening.recv().map_err(|_| broken(&"it broke down"))??;
        Ok(Self {
            room: Some((thread, end)),
            heard,
            measuring,
            names,
        })
    }

    /// The measured time has begun, a moment ago. Until then nothing that is heard is kept for longer than a second.
    pub fn measure(&self) {
        self.measuring.store(true, Ordering::Relaxed);
    }

    /// Waits until everything that was published has arrived everywhere, or nothing more for as long as `patience`; then closes
    /// all of them. Publications that were due from `begun` on count: [`Measured::begun`](crate::run::Measured::begun). It
    /// blocks.
    pub fn finish(mut self, begun: Instant, patience: Duration) -> Heard {
        let Some((thread, end)) = self.room.take() else {
            return Heard::default();
        };
        // A thread that broke down has dropped its end, and what it heard is lost.
        let _ = end.send(End { begun, patience });
        let heard = self.heard.recv();
        let _ = thread.join();
        heard.unwrap_or_else(|_| self.broken())
    }

    /// Nothing was heard at all: a run with streams cannot pass then.
    fn broken(&self) -> Heard {
        let error = ErrorCount {
            kind: "closed".to_owned(),
            step: "streams".to_owned(),
            example: "the subscriptions' thread broke down".to_owned(),
            count: 1,
            first_at_s: 0.0,
        };
        let stream = |name: &String| model::Stream {
            name: name.clone(),
            opened: 1,
            lost: 1,
            expected: 0,
            delivered: 0,
            wrong: 0,
            delivery: model::Latency::default(),
        };
        Heard {
            streams: self.names.iter().map(stream).collect(),
            errors: vec![error],
        }
    }
}

/// How subscriptions are to end.
pub(super) struct End {
    begun: Instant,
    patience: Duration,
}
