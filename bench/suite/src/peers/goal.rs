//! Bounds on how peers compare, for the exit code: `admitted:edge/haproxy<=1.25`.

use super::{Peer, Work};
use bench_report::model;
use clap::ValueEnum;
use std::{fmt, str::FromStr};

/// One peer's CPU by request, divided by another's, must not be above a bound.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Goal {
    work: Work,
    peer: Peer,
    against: Peer,
    bound: f64,
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no goal; write it like `admitted:edge/haproxy<=1.25`");
        let (work, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (peers, bound) = rest.split_once("<=").ok_or_else(wrong)?;
        let (peer, against) = peers.split_once('/').ok_or_else(wrong)?;
        Ok(Self {
            work: Work::from_str(work.trim(), false).map_err(|_| wrong())?,
            peer: Peer::from_str(peer.trim(), false).map_err(|_| wrong())?,
            against: Peer::from_str(against.trim(), false).map_err(|_| wrong())?,
            bound: bound
                .trim()
                .parse()
                .ok()
                .filter(|bound: &f64| bound.is_finite() && *bound > 0.0)
                .ok_or_else(wrong)?,
        })
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            work,
            peer,
            against,
            bound,
        } = self;
        write!(f, "{}: CPU of {peer} at most {bound} × {against}'s", work.name())
    }
}

impl Goal {
    /// Held against what was measured. A goal of a peer that did not take part is missed.
    pub(crate) fn judge(&self, works: &[model::Work]) -> model::Goal {
        let cpu = |peer: Peer| {
            let work = works.iter().find(|work| work.name == self.work.name())?;
            let row = work.rows.iter().find(|row| row.peer == peer.name())?;
            Some(row.cpu_us.median).filter(|cpu| *cpu > 0.0)
        };
        let (measured, met) = match (cpu(self.peer), cpu(self.against)) {
            (Some(own), Some(other)) => {
                let ratio = own / other;
                (
                    format!("{ratio:.2} × ({own:.1} µs against {other:.1} µs)"),
                    ratio <= self.bound,
                )
            }
            _ => ("not measured".to_owned(), false),
        };
        model::Goal {
            name: self.to_string(),
            measured,
            met,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench_report::model::{PeerRow, Spread};

    fn row(peer: &str, cpu: f64) -> PeerRow {
        let mut row = crate::peers::table::empty_row(peer);
        row.cpu_us = Spread::one(cpu);
        row
    }

    #[test]
    fn a_goal_is_met_missed_or_not_measured() {
        let works = [model::Work {
            name: "admitted".to_owned(),
            description: String::new(),
            fixed_rate: 0.0,
            clients: 1,
            rows: vec![row("edge", 60.0), row("haproxy", 50.0)],
        }];
        let judge = |text: &str| text.parse::<Goal>().unwrap().judge(&works);
        assert!(judge("admitted:edge/haproxy<=1.25").met);
        let missed = judge("admitted:edge/haproxy<=1.1");
        assert!(!missed.met && missed.measured.starts_with("1.20 ×"), "{missed:?}");
        assert!(!judge("pass-through:edge/haproxy<=9").met);
        assert!(!judge("admitted:edge/envoy<=9").met);
    }

    #[test]
    fn what_is_no_goal_is_refused_with_an_example() {
        for bad in [
            "",
            "admitted:edge<=1",
            "nothing:edge/haproxy<=1",
            "admitted:edge/varnish<=1",
            "admitted:edge/haproxy<=x",
        ] {
            assert!(
                bad.parse::<Goal>().unwrap_err().contains("admitted:edge/haproxy<=1.25"),
                "{bad}"
            );
        }
    }
}
