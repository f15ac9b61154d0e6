//! What happened, kept by each thread for itself and put together at the end: no lock and no shared line of memory stands on
//! the way of a request.
//!
//! Every step is recorded twice: *corrected*, from when it was due to its end, which is what a user waits, and *uncorrected*,
//! from when it was sent. Wrong answers and failed steps are recorded with the time they took like right ones: a slow failure
//! that left the distribution would take the tail with it. (A quick one flatters it; `failed` beside it says so, and a run
//! with failures does not pass by default.)

mod client;
mod interval;
mod summary;
mod tally;
#[cfg(test)]
mod tests;
mod thread;
mod timeline;
mod times;

pub(crate) use client::{ClientRecorder, Job};
pub(crate) use interval::{Interval, QUARTER};
pub(crate) use summary::{Summary, summarise};
pub(crate) use tally::{Place, Tally};
pub(crate) use thread::{Clock, ThreadRecord};
pub(crate) use timeline::Timeline;
pub(crate) use times::{LONGEST, Times};
