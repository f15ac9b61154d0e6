//! How the reference stands against another peer: where it wins, where it loses, where nobody can tell.

use crate::{
    model::{PeerRow, Spread, Work},
    units,
};

/// Closer than this is called level: between runs a ratio moves as much.
const LEVEL: f64 = 0.1;

/// The reference against one other, at one figure. The number is theirs divided by the reference's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Standing {
    /// The reference is better.
    Wins(f64),
    /// The other is better.
    Loses(f64),
    /// Within a tenth, or the rounds overlap.
    Level(f64),
    /// One of them was not measured.
    Unknown,
}

/// One other peer against the reference.
pub(crate) struct Against<'a> {
    pub(crate) peer: &'a str,
    /// False where nothing of it was measured, since nothing stood in between: what is possible, not a rival.
    pub(crate) rival: bool,
    pub(crate) cpu: Standing,
    pub(crate) p99: Standing,
    pub(crate) throughput: Standing,
}

impl Standing {
    /// `wins`, `loses`, `level`, or nothing.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Wins(_) => "wins",
            Self::Loses(_) => "loses",
            Self::Level(_) => "level",
            Self::Unknown => "",
        }
    }

    /// Theirs divided by the reference's.
    pub(crate) const fn ratio(self) -> f64 {
        match self {
            Self::Wins(ratio) | Self::Loses(ratio) | Self::Level(ratio) => ratio,
            Self::Unknown => f64::NAN,
        }
    }
}

/// By one figure, against whom the reference loses, stands level and wins, in this order: `loses to haproxy (0.66 ×); wins
/// against envoy (1.87 ×)`. Empty where there is nobody to tell of.
pub(crate) fn in_words(others: &[Against<'_>], figure: fn(&Against<'_>) -> Standing) -> String {
    type Kind = fn(&Standing) -> bool;
    let kinds: [(&str, Kind); 3] = [
        ("loses to", |standing| matches!(standing, Standing::Loses(_))),
        ("is level with", |standing| matches!(standing, Standing::Level(_))),
        ("wins against", |standing| matches!(standing, Standing::Wins(_))),
    ];
    let rivals = others.iter().filter(|other| other.rival);
    let mut rivals: Vec<_> = rivals.map(|other| (other.peer, figure(other))).collect();
    rivals.sort_by(|a, b| a.1.ratio().total_cmp(&b.1.ratio()));
    let clauses = kinds.iter().filter_map(|(words, is)| {
        let those = rivals.iter().filter(|(_, standing)| is(standing));
        let those: Vec<_> = those
            .map(|(peer, standing)| format!("{peer} ({})", units::ratio(standing.ratio())))
            .collect();
        (!those.is_empty()).then(|| format!("{words} {}", those.join(", ")))
    });
    clauses.collect::<Vec<_>>().join("; ")
}

/// All others at a work, in its order; empty where the reference took no part.
pub(crate) fn standings<'a>(work: &'a Work, reference: &str) -> Vec<Against<'a>> {
    let Some(own) = work.rows.iter().find(|row| row.peer == reference) else {
        return vec![];
    };
    let others = work.rows.iter().filter(|row| row.peer != reference);
    others.map(|row| against(own, row)).collect()
}

fn against<'a>(own: &PeerRow, other: &'a PeerRow) -> Against<'a> {
    Against {
        peer: &other.peer,
        rival: other.cpu_us.median > 0.0,
        cpu: paired(other.cpu_ratio),
        p99: standing(own.p99_us, other.p99_us, false),
        throughput: standing(own.throughput, other.throughput, true),
    }
}

/// From ratios taken round by round: what slowed a whole round is not held against either.
fn paired(ratio: Spread) -> Standing {
    let overlap = ratio.min < ratio.max && ratio.min <= 1.0 && ratio.max >= 1.0;
    judged(ratio.median, overlap, false)
}

fn standing(own: Spread, other: Spread, more_is_better: bool) -> Standing {
    let spread = own.min < own.max && other.min < other.max;
    let overlap = spread && own.min <= other.max && other.min <= own.max;
    judged(other.median / own.median, overlap, more_is_better)
}

fn judged(ratio: f64, overlap: bool, more_is_better: bool) -> Standing {
    if !ratio.is_finite() || ratio <= 0.0 {
        Standing::Unknown
    } else if overlap || (1.0 / (1.0 + LEVEL)..=1.0 + LEVEL).contains(&ratio) {
        Standing::Level(ratio)
    } else if (ratio > 1.0) == more_is_better {
        Standing::Loses(ratio)
    } else {
        Standing::Wins(ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(min: f64, median: f64, max: f64) -> Spread {
        Spread { median, min, max }
    }

    #[test]
    fn less_cpu_wins_and_more_throughput_wins() {
        assert_eq!(paired(spread(1.4, 1.5, 1.6)), Standing::Wins(1.5));
        assert_eq!(paired(spread(0.4, 0.5, 0.6)), Standing::Loses(0.5));
        assert_eq!(
            standing(spread(90.0, 100.0, 110.0), spread(190.0, 200.0, 210.0), true),
            Standing::Loses(2.0)
        );
        assert_eq!(
            standing(spread(90.0, 100.0, 110.0), spread(40.0, 50.0, 60.0), true),
            Standing::Wins(0.5)
        );
    }

    #[test]
    fn what_overlaps_or_is_close_is_level() {
        assert_eq!(paired(spread(0.9, 1.3, 1.6)), Standing::Level(1.3));
        assert_eq!(paired(Spread::one(1.09)), Standing::Level(1.09));
        assert_eq!(
            standing(spread(90.0, 100.0, 160.0), spread(140.0, 150.0, 170.0), false),
            Standing::Level(1.5)
        );
    }

    #[test]
    fn losses_are_told_first_and_only_of_rivals() {
        let against = |peer, rival, cpu| Against {
            peer,
            rival,
            cpu,
            p99: Standing::Unknown,
            throughput: Standing::Unknown,
        };
        let others = [
            against("direct", false, Standing::Loses(0.5)),
            against("caddy", true, Standing::Wins(2.61)),
            against("nginx", true, Standing::Loses(0.75)),
            against("haproxy", true, Standing::Loses(0.66)),
        ];
        assert_eq!(
            in_words(&others, |other| other.cpu),
            "loses to haproxy (0.66 ×), nginx (0.75 ×); wins against caddy (2.61 ×)"
        );
        assert_eq!(in_words(&others, |other| other.p99), "");
    }

    #[test]
    fn nothing_is_said_of_what_was_not_measured() {
        assert_eq!(paired(Spread::default()), Standing::Unknown);
        assert_eq!(
            standing(Spread::default(), spread(1.0, 2.0, 3.0), false),
            Standing::Unknown
        );
    }
}
