//! What a run is asked to do, and whom it tells.

use crate::{Failure, schedule::Pace};
use bench_report::terminal::Snapshot;
use std::{ops::ControlFlow, time::Duration};

/// How to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The schedule.
    pub pace: Pace,
    /// Run before it, unmeasured.
    pub warmup: Duration,
    /// Clients, at least 1.
    pub clients: u32,
    /// Generator threads, 1 to the number of clients.
    pub threads: u32,
    /// Processors for the threads, one each, in turn; empty leaves it to the kernel.
    pub processors: Vec<usize>,
    /// Iterations that may wait or be under way, over all threads; one more is dropped. `None`: ten seconds' worth of the
    /// highest rate, at least 1,000.
    pub max_pending: Option<u64>,
    /// For what is under way when the schedule ends.
    pub grace: Duration,
    /// A lag's 99th percentile up to this is never held against the run.
    pub lag_bound: Duration,
}

impl Plan {
    /// One thread, no warm-up, 30 s of grace, 1 ms of lag.
    pub fn new(pace: Pace, clients: u32) -> Self {
        Self {
            pace,
            warmup: Duration::ZERO,
            clients,
            threads: 1,
            processors: Vec::new(),
            max_pending: None,
            grace: Duration::from_secs(30),
            lag_bound: Duration::from_millis(1),
        }
    }

    /// [`max_pending`](Self::max_pending) as it holds.
    pub fn pending_cap(&self) -> u64 {
        let worth = (self.pace.peak_rate().unwrap_or_default() * 10.0).ceil() as u64;
        self.max_pending.unwrap_or(worth.max(1_000))
    }

    pub(super) fn check(&self) -> Result<(), RunError> {
        self.pace.check().map_err(RunError::Plan)?;
        let wrong = |text: &str| Err(RunError::Plan(text.to_owned()));
        if self.clients == 0 {
            return wrong("at least one client is needed");
        }
        if self.threads == 0 || self.threads > self.clients {
            return wrong("threads must be at least one, and no more than clients");
        }
        if self.pending_cap() < u64::from(self.threads) {
            return wrong("max_pending must be at least one for each thread");
        }
        Ok(())
    }
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Clients are being opened.
    Open,
    /// Running, unmeasured.
    WarmUp,
    /// Running, measured.
    Measure,
    /// The schedule is over; the last iterations end.
    Drain,
    /// All have ended.
    Done,
}

impl Phase {
    /// The one after it.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Open => Self::WarmUp,
            Self::WarmUp => Self::Measure,
            Self::Measure => Self::Drain,
            Self::Drain | Self::Done => Self::Done,
        }
    }

    /// As the live view names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::WarmUp => "warm-up",
            Self::Measure => "measure",
            Self::Drain => "drain",
            Self::Done => "done",
        }
    }
}

/// Is told how a run goes, in the thread that called [`run`](super::run).
pub trait Observer {
    /// A phase begins, within a millisecond on an idle machine. Each is told once, in order. The begins of [`Phase::Measure`]
    /// and of [`Phase::Drain`] are the times to read other processes' accounts; `totals.rate` times the duration is what
    /// ended well between them.
    fn phase(&mut self, _phase: Phase) {}

    /// How it stands, every 250 ms or so; `cpu` is for the observer to fill. `Break` ends the schedule now; what
    /// was measured so far is kept.
    fn progress(&mut self, _snapshot: &Snapshot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Wants to know nothing.
impl Observer for () {}

/// Why there is nothing to tell.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan cannot be followed.
    #[error("the plan cannot be followed: {0}")]
    Plan(String),
    /// A client could not be made ready.
    #[error("client {client} could not be opened: {failure}")]
    Open {
        /// Its number.
        client: u32,
        /// What stood in the way.
        failure: Failure,
    },
    /// A generator thread broke down: a fault of the workload, or of the machine.
    #[error("generator thread {thread} broke down: {reason}")]
    Thread {
        /// Its number.
        thread: u32,
        /// What happened.
        reason: String,
    },
}
