//! Seconds put together, so that an hour still fits into a drawing and a table.

use crate::model::Second;

/// Some seconds as one. Counts are by second.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bucket {
    /// Its begin.
    pub(super) at_s: f64,
    /// Its length, whole seconds.
    pub(super) length_s: f64,
    pub(super) due: f64,
    pub(super) completed: f64,
    pub(super) failed: f64,
    pub(super) dropped: f64,
    /// The median of the seconds' medians; `None` where nothing ended.
    pub(super) p50_us: Option<f64>,
    /// The worst second's: an average would hide it.
    pub(super) p99_us: Option<f64>,
    /// The most.
    pub(super) in_flight: f64,
    pub(super) cpu: f64,
}

/// At most `most` buckets of equal length; the last may be shorter.
pub(super) fn buckets(timeline: &[Second], most: usize) -> Vec<Bucket> {
    let size = timeline.len().div_ceil(most.max(1)).max(1);
    timeline.chunks(size).map(bucket).collect()
}

fn bucket(seconds: &[Second]) -> Bucket {
    let length_s = seconds.len() as f64;
    let mean = |of: fn(&Second) -> f64| seconds.iter().map(of).sum::<f64>() / length_s;
    let times = |of: fn(&Second) -> f64| {
        let mut times: Vec<_> = seconds.iter().map(of).filter(|&us| us > 0.0).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let medians = times(|second| second.p50_us);
    Bucket {
        at_s: seconds.first().map_or(0.0, |first| first.at_s),
        length_s,
        due: mean(|second| second.due as f64),
        completed: mean(|second| second.completed as f64),
        failed: mean(|second| second.failed as f64),
        dropped: mean(|second| second.dropped as f64),
        p50_us: medians.get(medians.len() / 2).copied(),
        p99_us: times(|second| second.p99_us).last().copied(),
        in_flight: seconds.iter().map(|second| second.in_flight as f64).fold(0.0, f64::max),
        cpu: mean(|second| second.cpu),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at: u64, completed: u64, p50_us: f64, p99_us: f64) -> Second {
        Second {
            at_s: at as f64,
            due: 10,
            completed,
            p50_us,
            p99_us,
            in_flight: at,
            cpu: 0.5,
            ..Second::default()
        }
    }

    #[test]
    fn seconds_are_kept_where_they_fit() {
        let found = buckets(&[second(0, 9, 2.0, 5.0), second(1, 10, 3.0, 6.0)], 10);
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].at_s, found[1].length_s, found[1].completed), (1.0, 1.0, 10.0));
        assert!(buckets(&[], 10).is_empty());
    }

    #[test]
    fn a_bucket_keeps_the_worst_second_and_leaves_out_empty_ones() {
        let seconds = [
            second(0, 8, 2.0, 5.0),
            second(1, 0, 0.0, 0.0),
            second(2, 4, 4.0, 900.0),
            second(3, 2, 0.0, 0.0),
        ];
        let found = buckets(&seconds, 2);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].completed, found[0].p50_us, found[0].p99_us),
            (4.0, Some(2.0), Some(5.0))
        );
        assert_eq!(
            (found[1].completed, found[1].p99_us, found[1].in_flight),
            (3.0, Some(900.0), 3.0)
        );
        assert_eq!(buckets(&seconds[1..2], 1)[0].p50_us, None);
    }
}
