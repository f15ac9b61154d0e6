//! One virtual user.

use super::{
    Ready,
    act::{Act, Kept, Whither},
    template::{Memory, Program, Variable},
};
use crate::{
    Failure,
    protocol::{Connection, engine_io::cookies::Cookies},
    scenario::quantity::TimeRange,
};
use rand::Rng;
use std::time::Instant;
use tokio::time::sleep;

/// What every client has.
pub(super) struct Kit {
    /// Whether it sends plain requests.
    pub(super) connects: bool,
    pub(super) cookies: bool,
    /// Sessions that it may keep open.
    pub(super) keeps: usize,
    pub(super) variables: usize,
}

/// One virtual user: its connection, its cookies, its sessions, what it knows.
pub struct Client {
    pub(super) number: u32,
    pub(super) memory: Memory,
    pub(super) whither: Whither,
    /// None where no step is a plain request.
    pub(super) connection: Option<Connection>,
    /// None where it keeps no cookies.
    pub(super) cookies: Option<Cookies>,
    /// Sessions that stay open, by their place in the scenario.
    pub(super) kept: Vec<Option<Kept>>,
    pub(super) renew_at: Option<Instant>,
    iterations: u64,
}

impl Client {
    pub(super) async fn open(whither: &Whither, memory: Memory, number: u32, kit: &Kit) -> Result<Self, Failure> {
        let whither = whither.of_client(number);
        let connection = match kit.connects {
            true => Some(Connection::open(&whither.requests).await?),
            false => None,
        };
        Ok(Self {
            number,
            memory,
            whither,
            connection,
            cookies: kit.cookies.then(Cookies::default),
            kept: (0..kit.keeps).map(|_| None).collect(),
            renew_at: None,
            iterations: 0,
        })
    }

    /// Begins the next iteration.
    pub(super) fn begin(&mut self) {
        self.memory.begin(self.iterations);
        self.iterations += 1;
    }

    /// Gives a variable a value, written as JSON.
    pub(super) fn set(&mut self, slot: u16, value: &Program) -> Result<(), Failure> {
        let text = value.bytes(&mut self.memory);
        let value: serde_json::Value =
            serde_json::from_slice(&text).map_err(|error| Failure::new("json", error.to_string()))?;
        self.memory.set(slot, Variable::from(value));
        Ok(())
    }

    /// Pauses. Socket.IO sessions that are kept answer the server's pings meanwhile.
    async fn think(&mut self, range: &TimeRange) -> Result<(), Failure> {
        let pause = if range.from == range.to {
            range.from
        } else {
            self.memory.random.random_range(range.from..=range.to)
        };
        let then = Instant::now() + pause;
        let mut session = self.kept.iter_mut().flatten().filter_map(Kept::session_mut);
        match session.next() {
            None => sleep(pause).await,
            Some(session) => session.idle_until(then).await?,
        }
        Ok(())
    }

    /// Does a step: when it was sent, and the bytes that came back.
    pub(super) async fn perform(&mut self, step: &Ready) -> (Instant, Result<u64, Failure>) {
        match &step.act {
            Act::Think(range) => {
                let result = self.think(range).await;
                (Instant::now(), result.map(|()| 0))
            }
            Act::Set(variables) => {
                let result = variables.iter().try_for_each(|(slot, value)| self.set(*slot, value));
                (Instant::now(), result.map(|()| 0))
            }
            Act::Request(request) => request.perform(self, step.timeout).await,
            Act::Sse(stream) => {
                let sent = Instant::now();
                (sent, Box::pin(stream.perform(self, step.timeout)).await)
            }
            Act::Talk(talk) => {
                let sent = Instant::now();
                (sent, Box::pin(talk.perform(self, step.timeout)).await)
            }
        }
    }
}
