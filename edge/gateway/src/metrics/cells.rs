//! Counters, gauges and histograms, and how they are grouped.

use edge_policy::{cache::Outcome, compression::Coding, shed::Level};
use std::{
    sync::atomic::{
        AtomicI64, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    time::Duration,
};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// So many more.
    pub(crate) fn add_many(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// The count.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that grows and falls.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    /// Sets it.
    pub(crate) fn set(&self, value: i64) {
        self.0.store(value, Relaxed);
    }

    /// One more, until [`Gauge::leave`].
    pub(crate) fn enter(&self) {
        self.0.fetch_add(1, AcqRel);
    }

    /// One less.
    pub(crate) fn leave(&self) {
        self.0.fetch_sub(1, AcqRel);
    }

    /// Its value.
    pub(crate) fn get(&self) -> i64 {
        self.0.load(Acquire)
    }
}

/// Upper bounds of the latency buckets, microseconds.
pub(crate) const BUCKETS_US: [u64; 12] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000, 15_000_000,
];

/// A latency histogram.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS_US.len()],
    beyond: AtomicU64,
    sum_us: AtomicU64,
}

impl Histogram {
    /// Counts one value.
    pub(crate) fn observe(&self, value: Duration) {
        let us = u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US.iter().position(|bound| us <= *bound);
        bucket
            .map_or(&self.beyond, |bucket| &self.buckets[bucket])
            .fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }

    /// Cumulated counts per bucket, the count of all, and their sum in seconds.
    pub(crate) fn read(&self) -> ([u64; BUCKETS_US.len()], u64, f64) {
        let mut below = 0;
        let cumulated = std::array::from_fn(|bucket| {
            below += self.buckets[bucket].load(Relaxed);
            below
        });
        (
            cumulated,
            below + self.beyond.load(Relaxed),
            self.sum_us.load(Relaxed) as f64 / 1e6,
        )
    }
}

/// A route's answers by the first digit of their status; 0 stands for "the client went away first".
#[derive(Debug, Default)]
pub(crate) struct RouteCells {
    /// Answers by class.
    pub(crate) by_class: [Counter; 6],
}

impl RouteCells {
    /// Counts one answer.
    pub(crate) fn answered(&self, status: u16) {
        self.by_class[usize::from(status / 100).min(5)].add();
    }
}

/// An upstream's exchanges.
#[derive(Debug, Default)]
pub(crate) struct UpstreamCells {
    /// From the chosen target to the answer's head.
    pub(crate) latency: Histogram,
    /// Connections that could not be opened.
    pub(crate) connect_failures: Counter,
    /// Exchanges that broke off or took too long.
    pub(crate) failures: Counter,
    /// Exchanges that were tried again.
    pub(crate) retries: Counter,
    /// Those that the budget did not allow to be.
    pub(crate) retries_refused: Counter,
    /// Requests that a second target was asked for, as the first took long.
    pub(crate) hedges: Counter,
    /// Of these, answered by the second.
    pub(crate) hedges_won: Counter,
    /// Requests that took as long, and were left to their first target.
    pub(crate) hedges_refused: Counter,
    /// Targets that were left alone for what requests showed.
    pub(crate) ejections: Counter,
    /// Times that the breaker opened.
    pub(crate) breaker_opened: Counter,
    /// Requests that it kept away.
    pub(crate) breaker_refused: Counter,
    /// Requests that a route's fallback took over.
    pub(crate) fallbacks: Counter,
    /// Requests that were refused as it had too much to do, by level.
    pub(crate) shed: [Counter; Level::ALL.len()],
}

/// A quota's decisions.
#[derive(Debug, Default)]
pub(crate) struct LimitCells {
    /// Let through.
    pub(crate) admitted: Counter,
    /// Refused.
    pub(crate) refused: Counter,
    /// Over the quota and let through, as it is only tried out.
    pub(crate) over: Counter,
    /// Of all, decided without the store.
    pub(crate) local: Counter,
}

/// What was compressed.
#[derive(Debug, Default)]
pub(crate) struct CompressionCells {
    answers: [Counter; Coding::ALL.len()],
    /// Bytes before.
    pub(crate) bytes_in: Counter,
    /// Bytes after.
    pub(crate) bytes_out: Counter,
}

impl CompressionCells {
    /// Answers in this coding.
    pub(crate) fn answers(&self, coding: Coding) -> &Counter {
        &self.answers[coding as usize]
    }
}

/// What the cache did.
#[derive(Debug, Default)]
pub(crate) struct CacheCells {
    answers: [Counter; Outcome::WORDS.len()],
    /// Requests that got the answer of another one that they waited for.
    pub(crate) collapsed: Counter,
    /// Answers that had to go, or could not stay, as there was no room.
    pub(crate) evictions: Counter,
    /// Answers that were purged.
    pub(crate) purged: Counter,
    /// Answers that were not kept, as too many were on their way.
    pub(crate) no_room: Counter,
}

impl CacheCells {
    /// Counts a request.
    pub(crate) fn answered(&self, outcome: Outcome) {
        self.answers[outcome.index()].add();
        if let Outcome::Hit { collapsed: true, .. } = outcome {
            self.collapsed.add();
        }
    }

    /// Requests by what the cache did.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.answers.iter().map(Counter::get);
        Outcome::WORDS.into_iter().zip(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histogram_cumulates() {
        let histogram = Histogram::default();
        for us in [100, 500, 700, 20_000_000] {
            histogram.observe(Duration::from_micros(us));
        }
        let (buckets, count, sum) = histogram.read();
        assert_eq!(buckets[..3], [2, 3, 3]);
        assert_eq!((buckets[11], count), (3, 4));
        assert!((sum - 20.0013).abs() < 1e-9);
    }

    #[test]
    fn classes_follow_the_first_digit() {
        let cells = RouteCells::default();
        for status in [0, 101, 204, 503, 999] {
            cells.answered(status);
        }
        let counts: Vec<u64> = cells.by_class.iter().map(Counter::get).collect();
        assert_eq!(counts, [1, 1, 1, 0, 0, 2]);
    }
}
