//! A low percentile of latency over a short time.

use crate::buckets::{BUCKETS, bucket, middle, quantile};
use std::sync::atomic::{
    AtomicU32,
    Ordering::{AcqRel, Relaxed},
};

/// Counts of latencies, in buckets that are a fifth wide. Who counts while it is emptied may lose one sample.
#[derive(Debug)]
pub(super) struct Latencies {
    count: AtomicU32,
    buckets: [AtomicU32; BUCKETS],
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            count: AtomicU32::new(0),
            buckets: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }
}

impl Latencies {
    /// Counts one; tells how many there are.
    pub(super) fn add(&self, us: u64) -> u32 {
        self.buckets[bucket(us)].fetch_add(1, Relaxed);
        self.count.fetch_add(1, AcqRel) + 1
    }

    /// Empties it, and tells the latency, microseconds, that this share of all stayed below.
    pub(super) fn drain(&self, share: f32) -> f32 {
        let counts: [u32; BUCKETS] = std::array::from_fn(|index| self.buckets[index].swap(0, Relaxed));
        self.count.store(0, Relaxed);
        quantile(counts.into_iter().map(u64::from), share).map_or(0.0, middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_found_and_it_is_empty_then() {
        let latencies = Latencies::default();
        (0..30).for_each(|_| _ = latencies.add(1_000));
        (0..70).for_each(|_| _ = latencies.add(50_000));
        assert!(latencies.drain(0.25) < 1_200.0);
        assert_eq!(latencies.drain(0.25), 0.0);
    }
}
