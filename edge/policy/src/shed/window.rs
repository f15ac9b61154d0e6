//! The mean latency of a short time.

use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Relaxed},
};

/// A sum and a count. Who counts while it is emptied may add to the one and not to the other: an error of one sample.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    count: AtomicU32,
    /// Microseconds.
    sum: AtomicU64,
}

impl Latencies {
    /// Counts one; tells how many there are.
    pub(super) fn add(&self, us: u64) -> u32 {
        self.sum.fetch_add(us, Relaxed);
        self.count.fetch_add(1, AcqRel) + 1
    }

    /// Empties it, and tells the mean, microseconds, and of how many; `None` if nothing was counted.
    pub(super) fn drain(&self) -> Option<(f32, f32)> {
        let (count, sum) = (self.count.swap(0, AcqRel), self.sum.swap(0, Relaxed));
        (count > 0 && sum > 0).then(|| ((sum as f64 / f64::from(count)) as f32, count as f32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_told_once() {
        let latencies = Latencies::default();
        assert_eq!(latencies.drain(), None);
        assert_eq!([1_000, 2_000, 6_000].map(|us| latencies.add(us)), [1, 2, 3]);
        assert_eq!((latencies.drain(), latencies.drain()), (Some((3_000.0, 3.0)), None));
    }
}
