//! Reloads: from a changed file, a signal or a command to a new generation, or to the reason why the old one stays.
//!
//! One reload at a time, beside the requests: read, check, build, bring up what is new, look whether anything would be lost,
//! then one swap. Whatever goes wrong before the swap changes nothing.

mod board;
mod changes;
mod look;
mod loss;
mod outcome;
mod reloader;
mod upgrade;
mod watch;

pub(crate) use board::{Board, ConfigShown, GenerationShown};
pub(crate) use look::Look;
pub(crate) use outcome::{Outcome, Trigger, Verdict};
pub(crate) use reloader::{Reloader, Start};

use crate::generation::Source;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Reloads that may wait for the one that runs.
const WAITING: usize = 8;

/// What the reloader is asked for.
pub(crate) enum Ask {
    /// The file as it is now.
    Reload,
    /// An earlier generation's source.
    Rollback(u64, Arc<Source>),
}

/// Who asks, and where the answer goes.
pub(crate) struct Request {
    ask: Ask,
    reply: oneshot::Sender<Outcome>,
}

/// What arrives at the reloader.
pub(crate) type Requests = mpsc::Receiver<Request>;

/// Asks for reloads.
pub(crate) struct Reloads(mpsc::Sender<Request>);

impl Reloads {
    /// A way to ask, and where it leads to.
    pub(crate) fn channel() -> (Self, Requests) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// Asks, and waits for the outcome. `None`: too many wait already, or the edge stops.
    pub(crate) async fn ask(&self, ask: Ask) -> Option<Outcome> {
        let (reply, outcome) = oneshot::channel();
        self.0.try_send(Request { ask, reply }).ok()?;
        outcome.await.ok()
    }
}
