//! What the generator drives, and what it is told: the seam between the clock and the scenario.

use crate::Failure;
use std::{rc::Rc, time::Instant};

/// A step's place in [`Workload::steps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepId(pub u16);

/// Something to do over and over. Clients live on one thread each and never move; iterations of one client never overlap.
/// All methods run on a [`tokio::runtime::LocalRuntime`], so that `tokio::task::spawn_local` may be used in them.
pub trait Workload: Send + Sync + 'static {
    /// One virtual user: its connection, cookies and variables.
    type Client: 'static;

    /// The names of the steps that iterations record, in their order.
    fn steps(&self) -> Vec<String>;

    /// Makes client `number` (from 0) ready, before anything is measured.
    ///
    /// # Errors
    /// What stood in the way; the run then does not begin.
    fn open(&self, number: u32) -> impl Future<Output = Result<Self::Client, Failure>>;

    /// Does it once. `due` is when the schedule wanted it to begin. Each step is recorded; the first failed one ends the
    /// iteration, and the client must be usable again (reconnected if need be) afterwards.
    ///
    /// # Errors
    /// The failed step's.
    fn iterate(
        &self,
        client: &mut Self::Client,
        due: Instant,
        recorder: &Rc<dyn Recorder>,
    ) -> impl Future<Output = Result<(), Failure>>;
}

/// Takes down what happened.
pub trait Recorder {
    /// A step is about to be done. An iteration that has not ended when the run gives up is counted against this step, with
    /// the time that has passed since `due`; without this call, against the workload's only step or as not begun.
    fn begin(&self, _step: StepId, _due: Instant) {}

    /// One step: when it was due (for a first step the iteration's `due`, for a later one when the step before it ended
    /// and the think time was over), when its first byte was sent, and how it ended, with the bytes of its answer's body.
    /// It is taken to end at the time of this call.
    fn step(&self, step: StepId, due: Instant, sent: Instant, result: &Result<u64, Failure>);
}
