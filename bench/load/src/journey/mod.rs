//! Journeys: what clients do, step by step. A [`Scenario`] and the system's [`Data`] make the [`Journeys`] that the generator
//! runs; beside them [`streams`] are held open and [`actions`] are carried out.

mod act;
pub mod actions;
mod client;
pub mod data;
mod digest;
mod expect;
pub mod nonce;
mod prepare;
pub mod streams;
pub mod template;
#[cfg(test)]
mod tests;

pub use client::Client;
pub use data::{Data, Table};
pub use prepare::PrepareError;

use crate::{
    Failure, Recorder, StepId, Workload,
    protocol::{Connector, Target},
    scenario::Scenario,
};
use act::{Act, Whither};
use client::Kit;
use prepare::{Opening, Route};
use rand::Rng;
use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use streams::board::Board;
use template::{Memory, Shared};

/// A scenario's journeys against a target, ready to be run.
pub struct Journeys {
    shared: Arc<Shared>,
    whither: Whither,
    names: Vec<String>,
    routes: Vec<Route>,
    opening: Opening,
    kit: Kit,
    streams: Vec<streams::Prepared>,
}

/// A step that is ready to be done.
pub(crate) struct Ready {
    /// Where reports have it; none for what is not measured.
    id: Option<StepId>,
    timeout: Duration,
    publishes: Option<act::Publishing>,
    act: Act,
}

impl Journeys {
    /// Prepares a scenario: names are looked up, texts are taken apart, nothing is connected yet. `seed` decides what chance
    /// decides.
    ///
    /// # Errors
    /// What the data lacks, or why the target cannot be one.
    pub fn new(scenario: &Scenario, target: &Target, data: &Data, seed: u64) -> Result<Self, PrepareError> {
        prepare::journeys(scenario, target, data, seed)
    }

    /// The connector of its requests, which counts connections.
    pub fn connector(&self) -> &Connector {
        &self.whither.requests
    }

    fn board(&self, stream: usize) -> Option<&Arc<Board>> {
        self.streams.get(stream).map(|stream| &stream.board)
    }

    /// A journey by weight.
    fn choose(&self, memory: &mut Memory) -> Option<&Route> {
        match self.routes.as_slice() {
            [only] => Some(only),
            routes => {
                let whole = routes.last().map_or(1, |route| route.upto);
                let point = memory.random.random_range(0..whole);
                routes.iter().find(|route| point < route.upto)
            }
        }
    }

    /// Does what clients do beforehand.
    async fn prepare(&self, client: &mut Client) -> Result<(), Failure> {
        client.renew_at = self.opening.renew.map(|after| Instant::now() + after);
        for step in &self.opening.steps {
            let told = |failure: Failure| {
                let detail = format!("client.steps: {}", failure.detail);
                Failure::new(failure.kind, detail)
            };
            client.perform(step).await.1.map_err(told)?;
        }
        Ok(())
    }

    /// One measured step, and its word on what it published.
    async fn measure(&self, step: &Ready, client: &mut Client, due: Instant) -> (Instant, Result<u64, Failure>) {
        let Some(publishing) = &step.publishes else {
            return client.perform(step).await;
        };
        let board = self.board(publishing.stream);
        let nonce = client.memory.nonce().number();
        let topic = publishing.topic.as_ref().map(|topic| topic.bytes(&mut client.memory));
        if let Some(board) = board {
            board.announce(nonce, topic.as_deref().unwrap_or_default(), client.number, due);
        }
        let done = client.perform(step).await;
        if let Some(board) = board {
            board.confirm(nonce, done.1.is_ok());
        }
        done
    }
}

impl Workload for Journeys {
    type Client = Client;

    fn steps(&self) -> Vec<String> {
        self.names.clone()
    }

    async fn open(&self, number: u32) -> Result<Client, Failure> {
        let memory = Memory::new(&self.shared, number, self.kit.variables);
        let mut client = Client::open(&self.whither, memory, number, &self.kit).await?;
        for (slot, value) in &self.opening.variables {
            client.set(*slot, value)?;
        }
        Box::pin(self.prepare(&mut client)).await?;
        Ok(client)
    }

    async fn iterate(&self, client: &mut Client, due: Instant, recorder: &Rc<dyn Recorder>) -> Result<(), Failure> {
        let mut due = due;
        client.begin();
        if client.renew_at.is_some_and(|at| at <= Instant::now()) {
            // As if the client had paused: what it does here is not the journey's.
            Box::pin(self.prepare(client)).await?;
            due = Instant::now();
        }
        let Some(route) = self.choose(&mut client.memory) else {
            return Ok(());
        };
        for step in &route.steps {
            match step.id {
                None => drop(client.perform(step).await.1?),
                Some(id) => {
                    recorder.begin(id, due);
                    let (sent, result) = self.measure(step, client, due).await;
                    recorder.step(id, due, sent, &result);
                    result?;
                }
            }
            due = Instant::now();
        }
        Ok(())
    }
}
