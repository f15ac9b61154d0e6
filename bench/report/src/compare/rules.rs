//! `p99:+10%,cpu:+5%,throughput:-5%,errors:+0`: how much worse is still good enough.

use super::{Metric, OURS, Place, metric::Unit};
use crate::model::Spread;
use std::{fmt, slice, str::FromStr};

/// Rules, in the order given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules(Vec<Rule>);

/// One bound on a change.
///
/// `p99:+10%` allows the 99th percentile to grow by a tenth, `throughput:-5%` allows throughput to fall by a twentieth,
/// and `p99:-20%` demands that it fell by a fifth. `errors:+0` bounds the difference itself; times take `us`, `ms`, `s`,
/// sizes `KiB`, `MiB`, `GiB`. A scope narrows it: `checkout/p99:+10%`, `pass-through/edge/cpu:+5%`, and
/// `admit/instructions:+5%` for all that begins with `admit::`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Parts of the place that it is about; empty for what speaks for the whole.
    pub scope: Vec<String>,
    /// What it bounds.
    pub metric: Metric,
    /// By how much.
    pub bound: Bound,
    text: String,
}

/// How far a figure may move; the sign is the direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// By per cent of what it was.
    Percent(f64),
    /// By this much, in the metric's own unit.
    Absolute(f64),
}

/// A rule that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// No colon.
    #[error("`{0}` is no rule; write METRIC:CHANGE, for example p99:+10% or errors:+0")]
    Shape(String),
    /// Not a metric.
    #[error("`{name}` in `{rule}` is no metric; there are {known}")]
    Metric {
        /// What was given.
        name: String,
        /// Where.
        rule: String,
        /// The metrics.
        known: String,
    },
    /// No sign.
    #[error("`{0}` needs a sign, so that it is clear which way it may move: `{1}:+{2}` or `{1}:-{2}`")]
    Sign(String, String, String),
    /// Not an amount.
    #[error("`{amount}` in `{rule}` is no amount for {metric}; write {example}")]
    Amount {
        /// What was given.
        amount: String,
        /// Where.
        rule: String,
        /// Of what.
        metric: Metric,
        /// How it could read.
        example: &'static str,
    },
}

impl Rules {
    /// In the order given.
    pub fn iter(&self) -> slice::Iter<'_, Rule> {
        self.0.iter()
    }
}

impl FromStr for Rules {
    type Err = RuleError;

    /// Rules set apart by commas; none in an empty text.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        // From the right: names of benchmarks hold colons.
        let (subject, amount) = text.rsplit_once(':').ok_or_else(|| RuleError::Shape(text.into()))?;
        let mut scope: Vec<String> = subject.split('/').map(|part| part.trim().to_owned()).collect();
        let name = scope.pop().unwrap_or_default();
        let metric = Metric::by_name(&name).ok_or_else(|| RuleError::Metric {
            name: name.clone(),
            rule: text.into(),
            known: Metric::ALL.map(Metric::name).join(", "),
        })?;
        let amount = amount.trim();
        if !amount.starts_with(['+', '-']) {
            return Err(RuleError::Sign(text.into(), subject.into(), amount.into()));
        }
        let bound = bound(metric, amount).ok_or_else(|| RuleError::Amount {
            amount: amount.into(),
            rule: text.into(),
            metric,
            example: example(metric),
        })?;
        Ok(Self {
            scope,
            metric,
            bound,
            text: text.into(),
        })
    }
}

fn bound(metric: Metric, amount: &str) -> Option<Bound> {
    let at = amount
        .find(|c: char| !"+-.0123456789".contains(c))
        .unwrap_or(amount.len());
    let (digits, unit) = amount.split_at(at);
    let value: f64 = digits.parse().ok()?;
    let factor = match (metric.unit(), unit.trim()) {
        (_, "%") => return Some(Bound::Percent(value)),
        (_, "") if value == 0.0 => 1.0,
        (Unit::Time, "us" | "µs") => 1.0,
        (Unit::Time, "ms") => 1e3,
        (Unit::Time, "s") => 1e6,
        (Unit::Bytes, "KiB") => 1024.0,
        (Unit::Bytes, "MiB") => 1024.0 * 1024.0,
        (Unit::Bytes, "GiB") => 1024.0 * 1024.0 * 1024.0,
        (Unit::Number | Unit::Ratio, "") | (Unit::Rate, "" | "/s") => 1.0,
        _ => return None,
    };
    Some(Bound::Absolute(value * factor))
}

fn example(metric: Metric) -> &'static str {
    match metric.unit() {
        Unit::Time => "+10% or +5ms",
        Unit::Bytes => "+10% or +8MiB",
        Unit::Rate => "-5% or -100/s",
        Unit::Ratio | Unit::Number => "+10% or +0",
    }
}

impl Rule {
    /// Whether it is about this place. A part of its scope fits a name, or all that begins with it (`admit` fits
    /// `admit::bearer`); of peers it means our own, unless it names another.
    pub(super) fn covers(&self, place: &Place) -> bool {
        let fits = |part: &str, name: &str| {
            let rest = name.strip_prefix(part);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with('.'))
        };
        let names = place.names();
        let all_fit = self.scope.iter().all(|part| names.iter().any(|name| fits(part, name)));
        match place {
            Place::Peer { peer, .. } if peer != OURS => all_fit && self.scope.iter().any(|part| fits(part, peer)),
            _ => all_fit,
        }
    }

    /// Whether a figure that moved so is still good enough.
    pub fn holds(&self, before: Spread, after: Spread) -> bool {
        let (before, after) = (before.median, after.median);
        let limit = match self.bound {
            Bound::Percent(percent) => before + before.abs() * percent / 100.0,
            Bound::Absolute(amount) => before + amount,
        };
        // Binary fractions: 110 must not break +10 % of 100.
        let slack = 1e-9 * limit.abs().max(before.abs());
        if self.metric.more_is_better() {
            after >= limit - slack
        } else {
            after <= limit + slack
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(text: &str) -> Rule {
        text.parse().unwrap()
    }

    fn holds(text: &str, before: f64, after: f64) -> bool {
        rule(text).holds(Spread::one(before), Spread::one(after))
    }

    #[test]
    fn bounds_are_met_up_to_and_including_them() {
        let table = [
            ("p99:+10%", 100.0, 110.0, true),
            ("p99:+10%", 100.0, 110.1, false),
            ("p99:+10%", 100.0, 10.0, true),
            ("p99:-20%", 100.0, 90.0, false),
            ("p99:-20%", 100.0, 80.0, true),
            ("p99:+5ms", 1_000.0, 6_000.0, true),
            ("p99:+5ms", 1_000.0, 6_001.0, false),
            ("throughput:-5%", 100.0, 95.0, true),
            ("throughput:-5%", 100.0, 94.9, false),
            ("throughput:-5%", 100.0, 900.0, true),
            ("throughput:+5%", 100.0, 101.0, false),
            ("errors:+0", 0.0, 0.0, true),
            ("errors:+0", 0.0, 1.0, false),
            ("errors:+0", 3.0, 2.0, true),
            ("errors:+10%", 0.0, 1.0, false),
            ("rss:+8MiB", 0.0, 8_388_608.0, true),
            ("rss:+8MiB", 0.0, 8_388_609.0, false),
            ("rss-growth:+10%", -100.0, -90.0, true),
            ("rss-growth:+10%", -100.0, -80.0, false),
            ("ratio:+0.1", 1.0, 1.1, true),
            ("instructions:+5%", 1_000.0, 1_051.0, false),
        ];
        for (text, before, after, expected) in table {
            assert_eq!(holds(text, before, after), expected, "{text}: {before} → {after}");
        }
    }

    #[test]
    fn rules_come_in_a_list_with_spaces_or_without() {
        let rules: Rules = "p99:+10%, cpu:+5% ,throughput:-5%,errors:+0,rss:+10%".parse().unwrap();
        let metrics: Vec<_> = rules.iter().map(|rule| rule.metric).collect();
        assert_eq!(
            metrics,
            [
                Metric::P99,
                Metric::Cpu,
                Metric::Throughput,
                Metric::Errors,
                Metric::Rss
            ]
        );
        assert_eq!("".parse::<Rules>(), Ok(Rules::default()));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let error = |text: &str| text.parse::<Rules>().unwrap_err().to_string();
        assert_eq!(
            error("p99"),
            "`p99` is no rule; write METRIC:CHANGE, for example p99:+10% or errors:+0"
        );
        let unknown = error("cpu:+5%,latency:+10%");
        assert!(
            unknown.starts_with("`latency` in `latency:+10%` is no metric; there are throughput, "),
            "{unknown}"
        );
        assert!(
            Metric::ALL.iter().all(|metric| unknown.contains(metric.name())),
            "{unknown}"
        );
        assert_eq!(
            error("p99:10%"),
            "`p99:10%` needs a sign, so that it is clear which way it may move: `p99:+10%` or `p99:-10%`"
        );
        assert_eq!(
            error("p99:+5"),
            "`+5` in `p99:+5` is no amount for p99; write +10% or +5ms"
        );
        assert_eq!(
            error("rss:+5ms"),
            "`+5ms` in `rss:+5ms` is no amount for rss; write +10% or +8MiB"
        );
        assert_eq!(
            error("errors:+x"),
            "`+x` in `errors:+x` is no amount for errors; write +10% or +0"
        );
        assert!(error("p99:+-5%").contains("is no amount"));
    }

    #[test]
    fn scopes_are_names_or_what_they_begin_with() {
        let covers = |text: &str, place: Place| rule(text).covers(&place);
        let part = |name: &str| Place::Part(name.into());
        let peer = |work: &str, peer: &str| Place::Peer {
            work: work.into(),
            peer: peer.into(),
        };
        assert!(covers("admit/instructions:+5%", part("admit::bearer::cached")));
        assert!(!covers("admit/instructions:+5%", part("admittance::bearer")));
        assert!(covers(
            "admit::bearer::cached/instructions:+5%",
            part("admit::bearer::cached")
        ));
        assert!(!covers("admit/cpu:+5%", Place::Whole));
        assert!(covers("cpu:+5%", peer("pass-through", "edge")), "our own proxy");
        assert!(!covers("cpu:+5%", peer("pass-through", "nginx")), "not another");
        assert!(
            covers("nginx/cpu:+5%", peer("pass-through", "nginx")),
            "unless it is named"
        );
        assert!(covers("pass-through/cpu:+5%", peer("pass-through", "edge")));
        assert!(!covers("pass-through/cpu:+5%", peer("pass-through", "nginx")));
        assert!(!covers("pass-through/edge/cpu:+5%", peer("admitted", "edge")));
    }

    proptest! {
        #[test]
        fn more_of_the_worse_never_mends_a_rule(
            before in 0.0..1e6_f64, after in 0.0..1e6_f64, more in 0.0..1e6_f64, percent in -90..90_i32,
        ) {
            let lower = format!("p99:{percent:+}%");
            prop_assert!(holds(&lower, before, after) || !holds(&lower, before, after + more));
            let higher = format!("throughput:{percent:+}%");
            prop_assert!(!holds(&higher, before, after) || holds(&higher, before, after + more));
        }

        #[test]
        fn a_report_keeps_every_tolerant_rule_against_itself(value in 0.0..1e12_f64, percent in 0..100_u32) {
            for metric in Metric::ALL {
                let sign = if metric.more_is_better() { '-' } else { '+' };
                let text = format!("{metric}:{sign}{percent}%");
                prop_assert!(holds(&text, value, value));
            }
        }
    }
}
