//! A low percentile of latency over a short time.

use std::sync::atomic::{
    AtomicU32,
    Ordering::{AcqRel, Relaxed},
};

/// Four to a doubling, up to two minutes and more.
const BUCKETS: usize = 112;

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

/// The bucket of so many microseconds.
fn bucket(us: u64) -> usize {
    let us = us.max(4);
    let octave = us.ilog2();
    let quarter = (us >> (octave - 2)) & 3;
    (octave as usize * 4 + quarter as usize).min(BUCKETS - 1)
}

/// The middle of a bucket, microseconds.
fn middle(bucket: usize) -> f32 {
    let octave = (1u64 << (bucket / 4)) as f32;
    octave * (1.0 + (bucket % 4) as f32 * 0.25 + 0.125)
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
        let rank = (counts.iter().sum::<u32>() as f32 * share).ceil().max(1.0);
        let mut below = 0;
        let found = counts.iter().position(|count| {
            below += count;
            below as f32 >= rank
        });
        found.map_or(0.0, middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Law: a latency is told as what it is, to an eighth.
        #[test]
        fn buckets_are_narrow(us in 4u64..100_000_000) {
            let latencies = Latencies::default();
            latencies.add(us);
            let told = latencies.drain(0.5);
            prop_assert!((told / us as f32 - 1.0).abs() <= 0.126, "{told} of {us}");
        }
    }

    #[test]
    fn the_share_is_found_and_it_is_empty_then() {
        let latencies = Latencies::default();
        (0..30).for_each(|_| _ = latencies.add(1_000));
        (0..70).for_each(|_| _ = latencies.add(50_000));
        assert!(latencies.drain(0.25) < 1_200.0);
        assert_eq!(latencies.drain(0.25), 0.0);
    }
}
