//! A run: threads of clients on a schedule, and what was measured.
//!
//! Each generator thread has its own runtime, clients, share of the schedule and record. Its dispatcher looks at each iteration
//! when it is due and gives it to the client that has been idle longest; while all are busy it waits, due as ever, and the first
//! client that becomes free takes the one that waits longest. Only when [`Plan::max_pending`] wait or are under way is one
//! dropped, and counted.
//!
//! **The end.** When the schedule is over, what waits or is under way is still done, for at most [`Plan::grace`]. What then has
//! not ended counts as failed (`unfinished`) and is recorded with the time that it has waited so far: at least that. wrk2 leaves
//! such requests out, and k6 what it interrupts, so that the slowest are those that nobody sees. Work done in this
//! time counts as done, but not towards the rate.
//!
//! **The warm-up** is run like the rest. An iteration is measured if it was due in the measured time.
//!
//! **Invalid runs.** The figures say nothing about the target if the generator itself was late. The dispatcher takes the lag of
//! each iteration: from when it was due to when it was looked at. No stall of the target makes that longer; a thread that is
//! busy, blocked or not scheduled does. A run is invalid when the 99th percentile of the lag is above 1 ms
//! ([`Plan::lag_bound`]) and above a tenth of the uncorrected 99th percentile, so that it could have shaped the figures; or when
//! a thread of an open loop used more than 95 % of a processor. The dispatcher looks at its whole share of the schedule,
//! however late, so that a share it could not send in time shows as lag. A closed loop has no schedule to be late for.

mod client;
mod coordinator;
mod measured;
mod plan;
mod queue;
mod thread;
mod wake;

pub use coordinator::run;
pub use measured::Measured;
pub use plan::{Observer, Phase, Plan, RunError};
