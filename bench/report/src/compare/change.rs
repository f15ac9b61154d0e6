//! One figure, before and after.

use super::Metric;
use crate::{model::Spread, units};
use std::fmt;

/// Below this change, in per cent, what hangs on a clock is not told from chance: two runs of one program differ as much.
pub const NOISE_PERCENT: f64 = 10.0;

/// One figure, before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where it was measured.
    pub place: Place,
    /// Which.
    pub metric: Metric,
    /// Its value before, `None` where there was none.
    pub before: Option<Spread>,
    /// Its value after, `None` where there is none.
    pub after: Option<Spread>,
}

/// Where a figure was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The whole run.
    Whole,
    /// A step, a stream, a process, a benchmark.
    Part(String),
    /// One peer at one work.
    Peer {
        /// The work.
        work: String,
        /// The peer.
        peer: String,
    },
}

/// What a change is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The same figure.
    Same,
    /// A change for the better.
    Better,
    /// A change for the worse.
    Worse,
    /// A timed figure that changed by less than [`NOISE_PERCENT`].
    Noise,
    /// A larger one, but the rounds of both reports overlap.
    Overlap,
    /// Only the second report has it.
    Added,
    /// Only the first report has it.
    Removed,
}

impl Judgement {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Noise => "within noise; judge by instruction counts",
            Self::Overlap => "rounds overlap; run more of them",
            Self::Added => "new",
            Self::Removed => "gone",
        }
    }
}

impl Change {
    /// From one median to the other, in per cent. `None` where a side is missing, or where it began at nothing.
    pub fn percent(&self) -> Option<f64> {
        let (before, after) = (self.before?.median, self.after?.median);
        if before == after {
            return Some(0.0);
        }
        (before != 0.0).then(|| (after - before) / before.abs() * 100.0)
    }

    /// What it is worth.
    pub fn judgement(&self) -> Judgement {
        let (before, after) = match (self.before, self.after) {
            (None, _) => return Judgement::Added,
            (_, None) => return Judgement::Removed,
            (Some(before), Some(after)) => (before, after),
        };
        if before.median == after.median {
            return Judgement::Same;
        }
        if self.metric.timed() {
            if self.percent().is_some_and(|percent| percent.abs() < NOISE_PERCENT) {
                return Judgement::Noise;
            }
            // One value alone spreads over nothing, and overlaps with nothing.
            let spread = before.min < before.max && after.min < after.max;
            if spread && before.min <= after.max && after.min <= before.max {
                return Judgement::Overlap;
            }
        }
        if (after.median > before.median) == self.metric.more_is_better() {
            Judgement::Better
        } else {
            Judgement::Worse
        }
    }

    /// The change in per cent; from nothing, the difference.
    pub fn shown(&self) -> String {
        match (self.percent(), self.before, self.after) {
            (Some(percent), ..) => units::change(percent),
            (None, Some(_), Some(after)) if after.median > 0.0 => format!("+{}", self.metric.show(after.median)),
            (None, Some(_), Some(after)) => self.metric.show(after.median),
            _ => units::NONE.into(),
        }
    }
}

impl Place {
    /// Its names, from the largest part to the smallest.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Whole => vec![],
            Self::Part(name) => vec![name],
            Self::Peer { work, peer } => vec![work, peer],
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.pad("all"),
            place => f.pad(&place.names().join(" / ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn change(metric: Metric, before: f64, after: f64) -> Change {
        Change {
            place: Place::Whole,
            metric,
            before: Some(Spread::one(before)),
            after: Some(Spread::one(after)),
        }
    }

    #[test]
    fn better_and_worse_hang_on_the_metric() {
        let judged = |metric, before, after| change(metric, before, after).judgement();
        assert_eq!(judged(Metric::P99, 100.0, 120.0), Judgement::Worse);
        assert_eq!(judged(Metric::P99, 100.0, 80.0), Judgement::Better);
        assert_eq!(judged(Metric::Throughput, 100.0, 80.0), Judgement::Worse);
        assert_eq!(judged(Metric::Throughput, 100.0, 120.0), Judgement::Better);
        assert_eq!(judged(Metric::Errors, 0.0, 1.0), Judgement::Worse);
        assert_eq!(judged(Metric::Errors, 3.0, 3.0), Judgement::Same);
    }

    #[test]
    fn small_changes_of_timed_metrics_are_noise_and_of_counted_ones_are_not() {
        assert_eq!(change(Metric::Cpu, 100.0, 109.9).judgement(), Judgement::Noise);
        assert_eq!(change(Metric::Cpu, 100.0, 110.1).judgement(), Judgement::Worse);
        assert_eq!(
            change(Metric::Instructions, 1_000.0, 1_001.0).judgement(),
            Judgement::Worse
        );
        assert!(
            Judgement::Noise
                .word()
                .contains("within noise; judge by instruction counts")
        );
    }

    #[test]
    fn rounds_that_overlap_prove_nothing() {
        let spread = |min, median, max| Some(Spread { median, min, max });
        let mut found = change(Metric::Cpu, 0.0, 0.0);
        (found.before, found.after) = (spread(80.0, 100.0, 130.0), spread(110.0, 125.0, 140.0));
        assert_eq!(found.judgement(), Judgement::Overlap);
        found.before = spread(80.0, 100.0, 109.0);
        assert_eq!(found.judgement(), Judgement::Worse);
    }

    #[test]
    fn what_began_at_nothing_is_shown_as_a_difference() {
        let from_nothing = change(Metric::Errors, 0.0, 5.0);
        assert_eq!((from_nothing.percent(), from_nothing.shown().as_str()), (None, "+5"));
        assert_eq!(change(Metric::P99, 100.0, 126.8).shown(), "+27 %");
        let gone = Change {
            after: None,
            ..from_nothing
        };
        assert_eq!((gone.judgement(), gone.shown().as_str()), (Judgement::Removed, "–"));
    }

    proptest! {
        #[test]
        fn nothing_changes_against_itself(value in 0.0..1e12_f64) {
            for metric in Metric::ALL {
                let same = change(metric, value, value);
                prop_assert_eq!((same.percent(), same.judgement()), (Some(0.0), Judgement::Same));
            }
        }

        #[test]
        fn changes_there_and_back_cancel(before in 1e-3..1e9_f64, after in 1e-3..1e9_f64) {
            let there = change(Metric::P99, before, after).percent().unwrap();
            let back = change(Metric::P99, after, before).percent().unwrap();
            prop_assert!(((1.0 + there / 100.0) * (1.0 + back / 100.0) - 1.0).abs() < 1e-9);
        }

        #[test]
        fn swapping_the_sides_swaps_the_judgement(before in 0.0..1e9_f64, after in 0.0..1e9_f64) {
            for metric in [Metric::Instructions, Metric::Errors] {
                let swapped = match change(metric, before, after).judgement() {
                    Judgement::Better => Judgement::Worse,
                    Judgement::Worse => Judgement::Better,
                    other => other,
                };
                prop_assert_eq!(change(metric, after, before).judgement(), swapped);
            }
        }

        #[test]
        fn per_cents_do_not_hang_on_the_unit(before in 1e-3..1e6_f64, after in 0.0..1e6_f64, factor in 1e-3..1e3_f64) {
            let one = change(Metric::P50, before, after).percent().unwrap();
            let other = change(Metric::P50, before * factor, after * factor).percent().unwrap();
            prop_assert!((one - other).abs() <= 1e-9 * one.abs().max(1.0));
        }
    }
}
