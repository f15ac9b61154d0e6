//! Percentiles of latency over a sliding time.

use super::Percentile;
use crate::{
    buckets::{BUCKETS, bucket, end, quantile},
    window::Window,
};
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Over this time answers are remembered.
const OVER: Duration = Duration::from_secs(30);
/// Fewer answers say nothing of the slowest of them.
const LEAST: u64 = 50;
/// For so long a percentile that was found is not looked for again.
const FRESH_MS: u128 = 100;

/// Counts of latencies, in buckets that are a fifth wide.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    counts: Window<BUCKETS>,
    /// The percentile that was looked for last. From the top: when (22 bits), which (10), microseconds as `f32` (32), 0 for none.
    found: AtomicU64,
}

impl Latencies {
    /// Counts one.
    pub(super) fn add(&self, took: Duration, now: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts.add(now, OVER, &[bucket(us)]);
    }

    /// How many are remembered.
    pub(super) fn count(&self, now: Duration) -> u64 {
        self.counts.sums(now, OVER).iter().sum()
    }

    /// What this part of the latencies does not exceed; none while too few are known. It may be 100 ms old.
    pub(super) fn at(&self, percentile: Percentile, now: Duration) -> Option<Duration> {
        let when = (now.as_millis() / FRESH_MS) as u32;
        let question = when << 10 | u32::from(percentile.thousandths());
        let found = self.found.load(Relaxed);
        let us = if (found >> 32) as u32 == question {
            f32::from_bits(found as u32)
        } else {
            let us = self.look(percentile, now).unwrap_or_default();
            self.found
                .store(u64::from(question) << 32 | u64::from(us.to_bits()), Relaxed);
            us
        };
        (us > 0.0).then(|| Duration::from_secs_f32(us / 1e6))
    }

    fn look(&self, percentile: Percentile, now: Duration) -> Option<f32> {
        let counts = self.counts.sums(now, OVER);
        let is_enough = counts.iter().sum::<u64>() >= LEAST;
        let found = is_enough.then(|| quantile(counts.iter().copied(), percentile.share()));
        found.flatten().map(end)
    }
}
