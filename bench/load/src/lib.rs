//! The load generator: an open loop on a schedule, latency from when a request was due, answers checked.
//!
//! [`schedule`] says when iterations are due, [`run`] has clients do them on threads of their own, a [`Workload`] says what one
//! is, and [`protocol`] speaks to the target.
//!
//! No library does this. goose 0.19, balter 0.8 and rlt 0.5 measure from when a request was sent: goose's users wait for their
//! answers, and its mitigation fills in made-up times afterwards; in balter and rlt a worker waits for a rate limiter, so that a
//! stalled one asks for nothing. drill 0.9 is a program alone, a closed loop, and GPL. oha 1.16 does correct latency, but
//! its library is its command line (`run(opts)`, one kind of request), and it waits by tokio's timer, which is exact to a
//! millisecond: as much as what is to be measured here.

pub mod failure;
pub mod journey;
pub mod protocol;
mod record;
pub mod run;
pub mod scenario;
pub mod schedule;
pub mod workload;

pub use failure::Failure;
pub use workload::{Recorder, StepId, Workload};
