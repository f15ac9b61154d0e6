//! Latencies by size: four buckets to a doubling, up to two minutes and more.

/// How many there are.
pub(crate) const BUCKETS: usize = 112;

/// The bucket of so many microseconds. Each is a fifth wide.
pub(crate) fn bucket(us: u64) -> usize {
    let us = us.max(4);
    let octave = us.ilog2();
    let quarter = (us >> (octave - 2)) & 3;
    (octave as usize * 4 + quarter as usize).min(BUCKETS - 1)
}

/// The end of a bucket, microseconds: all that is in it is less.
pub(crate) fn end(bucket: usize) -> f32 {
    octave(bucket) * (1.0 + (bucket % 4) as f32 * 0.25 + 0.25)
}

fn octave(bucket: usize) -> f32 {
    (1u64 << (bucket / 4)) as f32
}

/// The bucket up to which this share of all that was counted is; none of nothing.
pub(crate) fn quantile(counts: impl Iterator<Item = u64> + Clone, share: f32) -> Option<usize> {
    let all: u64 = counts.clone().sum();
    let rank = (all as f32 * share).ceil().max(1.0);
    let mut below = 0;
    counts.into_iter().position(|count| {
        below += count;
        below as f32 >= rank
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Law: a bucket's end is above all that is in it, and not far.
        #[test]
        fn buckets_are_narrow(us in 4u64..100_000_000) {
            let found = bucket(us);
            prop_assert!(end(found) >= us as f32 && end(found) <= us as f32 * 1.26);
        }
    }

    #[test]
    fn a_quantile_is_where_its_share_is() {
        let at = |share| quantile([0, 30, 0, 70].into_iter(), share);
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(at), [Some(1), Some(1), Some(3), Some(3)]);
        assert_eq!(quantile([0, 0].into_iter(), 0.5), None);
    }
}
