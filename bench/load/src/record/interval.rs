//! A quarter of a second of one thread: what the timeline and the live view are made of.

use super::Times;
use std::time::{Duration, Instant};

/// Length of an interval. A second is a whole number of them.
pub(crate) const QUARTER: Duration = Duration::from_millis(250);

/// Intervals of a second.
pub(crate) const QUARTERS: i64 = 4;

/// What happened between two quarters of a second. In the warm-up its iterations are counted, afterwards the measured ones
/// alone, whose counts thus add up to the totals.
pub(crate) struct Interval {
    /// From the begin of the measured time; negative in the warm-up.
    pub index: i64,
    pub due: u64,
    pub completed: u64,
    pub failed: u64,
    pub dropped: u64,
    /// Under way or waiting at its end.
    pub in_flight: u64,
    /// Corrected times of the steps that ended in it.
    pub times: Times<u32>,
    pub lag: Times<u32>,
}

impl Interval {
    pub(crate) fn new(index: i64) -> Self {
        Self {
            index,
            due: 0,
            completed: 0,
            failed: 0,
            dropped: 0,
            in_flight: 0,
            // Two figures are enough for a line on a chart, and a tenth of the memory.
            times: Times::new(2),
            lag: Times::new(2),
        }
    }

    /// The one that `now` lies in.
    pub(crate) fn index_at(now: Instant, measured: Instant) -> i64 {
        match now.checked_duration_since(measured) {
            Some(after) => (after.as_millis() / QUARTER.as_millis()) as i64,
            None => -1 - ((measured - now).as_nanos().saturating_sub(1) / QUARTER.as_nanos()) as i64,
        }
    }

    /// When the interval of this index ends.
    pub(crate) fn end_of(index: i64, measured: Instant) -> Instant {
        let quarters = |count: i64| QUARTER * count.unsigned_abs() as u32;
        let next = index + 1;
        if next >= 0 {
            measured + quarters(next)
        } else {
            measured - quarters(next)
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.due += other.due;
        self.completed += other.completed;
        self.failed += other.failed;
        self.dropped += other.dropped;
        self.in_flight += other.in_flight;
        self.times.merge(&other.times);
        self.lag.merge(&other.lag);
    }
}
