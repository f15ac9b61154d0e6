//! From rounds to the report: medians, spreads, ratios.

use super::{Peer, Work, measure::Share};
use bench_report::model::{PeerRow, Spread};

/// A row before anything is known.
pub(crate) fn empty_row(peer: &str) -> PeerRow {
    PeerRow {
        peer: peer.to_owned(),
        version: String::new(),
        policies: Vec::new(),
        cpu_us: Spread::default(),
        cpu_us_fixed: Spread::default(),
        cpu_ratio: Spread::default(),
        throughput: Spread::default(),
        p50_us: Spread::default(),
        p99_us: Spread::default(),
        p999_us: Spread::default(),
        peak_rss_bytes: 0,
        syscalls_per_request: None,
        instructions_per_request: None,
        failed: 0,
        processes: Vec::new(),
    }
}

/// One peer's row at one work. `shares` and `reference` are by round.
pub(crate) fn row(peer: Peer, version: &str, work: Work, shares: &[Share], reference: &[Share]) -> PeerRow {
    let over = |pick: &dyn Fn(&Share) -> f64| spread(shares.iter().map(pick));
    let time = |at: usize| spread(shares.iter().filter_map(|share| Some(share.times?[at])));
    let ratios = shares
        .iter()
        .zip(reference)
        .filter(|(_, reference)| reference.cpu_us > 0.0);
    PeerRow {
        version: version.to_owned(),
        policies: work.policies(peer),
        cpu_us: over(&|share| share.cpu_us),
        cpu_us_fixed: over(&|share| share.cpu_us_fixed),
        cpu_ratio: spread(ratios.map(|(share, reference)| share.cpu_us / reference.cpu_us)),
        throughput: over(&|share| share.throughput),
        p50_us: time(0),
        p99_us: time(1),
        p999_us: time(2),
        peak_rss_bytes: shares.iter().map(|share| share.peak).max().unwrap_or(0),
        syscalls_per_request: shares.iter().find_map(|share| share.syscalls),
        failed: shares.iter().map(|share| share.failed).sum(),
        processes: middle(shares).map_or_else(Vec::new, |share| {
            share.used.iter().map(|used| used.by_request(share.requests)).collect()
        }),
        ..empty_row(peer.name())
    }
}

/// The round of the median CPU.
fn middle(shares: &[Share]) -> Option<&Share> {
    let mut ordered: Vec<&Share> = shares.iter().collect();
    ordered.sort_by(|a, b| a.cpu_us.total_cmp(&b.cpu_us));
    ordered.get(ordered.len() / 2).copied()
}

/// Median and extremes; all 0 of nothing.
pub(crate) fn spread(values: impl Iterator<Item = f64>) -> Spread {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (Some(min), Some(max)) = (values.first(), values.last()) else {
        return Spread::default();
    };
    let half = values.len() / 2;
    let median = if values.len().is_multiple_of(2) {
        f64::midpoint(values[half - 1], values[half])
    } else {
        values[half]
    };
    Spread {
        median,
        min: *min,
        max: *max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(cpu_us: f64, times: Option<[f64; 3]>) -> Share {
        Share {
            cpu_us,
            times,
            ..Share::default()
        }
    }

    #[test]
    fn a_spread_is_the_median_between_extremes() {
        let of = |values: &[f64]| spread(values.iter().copied());
        assert_eq!(
            of(&[3.0, 1.0, 2.0]),
            Spread {
                median: 2.0,
                min: 1.0,
                max: 3.0
            }
        );
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(of(&[]), Spread::default());
    }

    #[test]
    fn ratios_are_within_a_round_and_late_rounds_have_no_times() {
        let own = [
            share(50.0, Some([1.0, 2.0, 3.0])),
            share(120.0, None),
            share(60.0, Some([3.0, 4.0, 5.0])),
        ];
        // The second round was slow for both: its ratio is like the others'.
        let reference = [share(25.0, None), share(60.0, None), share(30.0, None)];
        let row = row(Peer::Envoy, "1", Work::Admitted, &own, &reference);
        assert_eq!(row.cpu_ratio, Spread::one(2.0));
        assert_eq!((row.cpu_us.median, row.p50_us.median), (60.0, 2.0));
        assert!(row.policies.iter().any(|policy| policy.contains("EdDSA")));
    }
}
