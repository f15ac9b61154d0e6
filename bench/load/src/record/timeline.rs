//! The run second by second, put together from the threads' intervals.

use super::{Interval, interval::QUARTERS};
use bench_report::{model::Second, terminal::Snapshot};
use std::collections::BTreeMap;

/// Distributions of older seconds are given up: an hour's would fill a hundred megabytes. A thread that was stuck for longer
/// still adds its counts.
const KEPT_SECONDS: i64 = 10;

/// Collects intervals.
#[derive(Default)]
pub(crate) struct Timeline {
    seconds: BTreeMap<i64, Second>,
    recent: BTreeMap<i64, Interval>,
    warmup: Counts,
    measured: Counts,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    due: u64,
    completed: u64,
    failed: u64,
    dropped: u64,
}

impl Timeline {
    pub(crate) fn add(&mut self, interval: Interval) {
        let counts = if interval.index < 0 {
            &mut self.warmup
        } else {
            &mut self.measured
        };
        counts.due += interval.due;
        counts.completed += interval.completed;
        counts.failed += interval.failed;
        counts.dropped += interval.dropped;
        match self.seconds.get_mut(&second_of(interval.index)) {
            Some(second) => add_counts(second, &interval),
            None => match self.recent.get_mut(&interval.index) {
                Some(recent) => recent.merge(&interval),
                None => {
                    self.recent.insert(interval.index, interval);
                }
            },
        }
        self.settle(KEPT_SECONDS);
    }

    /// Turns intervals into seconds, but for the newest `kept` ones.
    fn settle(&mut self, kept: i64) {
        while let (Some((first, _)), Some((last, _))) = (self.recent.first_key_value(), self.recent.last_key_value()) {
            let number = second_of(*first);
            if number + kept > second_of(*last) {
                return;
            }
            let later = self.recent.split_off(&((number + 1) * QUARTERS));
            let quarters = std::mem::replace(&mut self.recent, later);
            self.seconds.insert(number, second(number, quarters));
        }
    }

    /// All measured seconds. One in which nothing happened is told too.
    pub(crate) fn finish(mut self) -> Vec<Second> {
        self.settle(0);
        let last = self.seconds.last_key_value().map_or(-1, |(number, _)| *number);
        let mut seconds = self.seconds;
        (0..=last)
            .map(|number| seconds.remove(&number).unwrap_or_else(|| empty(number)))
            .collect()
    }

    /// Counts of the warm-up or of the measured time, and the rate and times of the newest whole second; the caller knows
    /// the phase.
    pub(crate) fn snapshot(&self, measured: bool) -> Snapshot {
        let counts = if measured { self.measured } else { self.warmup };
        // The newest one may still lack some threads'.
        let whole_ones = || self.recent.values().rev().skip(1);
        let mut whole = Interval::new(0);
        whole_ones()
            .take(QUARTERS as usize)
            .for_each(|quarter| whole.merge(quarter));
        Snapshot {
            due: counts.due,
            completed: counts.completed,
            failed: counts.failed,
            dropped: counts.dropped,
            in_flight: whole_ones().next().map_or(0, |quarter| quarter.in_flight),
            rate: whole.completed as f64,
            p50_us: whole.times.quantile_us(0.50),
            p99_us: whole.times.quantile_us(0.99),
            lag_p99_us: whole.lag.quantile_us(0.99),
            ..Snapshot::default()
        }
    }
}

fn second_of(index: i64) -> i64 {
    index.div_euclid(QUARTERS)
}

fn empty(number: i64) -> Second {
    Second {
        at_s: number as f64,
        ..Second::default()
    }
}

fn second(number: i64, quarters: BTreeMap<i64, Interval>) -> Second {
    let mut second = empty(number);
    let mut whole = Interval::new(0);
    for quarter in quarters.into_values() {
        add_counts(&mut second, &quarter);
        second.in_flight = quarter.in_flight;
        whole.times.merge(&quarter.times);
    }
    second.p50_us = whole.times.quantile_us(0.50);
    second.p99_us = whole.times.quantile_us(0.99);
    second
}

fn add_counts(second: &mut Second, interval: &Interval) {
    second.due += interval.due;
    second.completed += interval.completed;
    second.failed += interval.failed;
    second.dropped += interval.dropped;
}
