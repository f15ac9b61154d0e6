//! `thresholds`: the bounds that decide whether a run has passed.
//!
//! | metric | what it is | bound |
//! |---|---|---|
//! | `p50` `p90` `p95` `p99` `p999` `mean` `max` | corrected times of the slowest step | `< 50ms` |
//! | `feed.page.p99` | of one step | |
//! | `uncorrected.p99`, `uncorrected.feed.page.p99` | the same, from when it was sent | |
//! | `errors` | failed iterations | `0`, `< 1%` of what was due |
//! | `errors.status` | errors of one kind | the same |
//! | `wrong` | answers that looked right and were not | the same |
//! | `dropped` | iterations that were never begun | the same |
//! | `rate` | completed iterations per second | `> 900/s`, `> 99%` of what was asked for |
//! | `sustained` | highest rate of a ramp that was kept up with | `> 900/s` |
//! | `delivery.p99`, `delivery.watchers.p99` | from an event's cause to its arrival, of the slowest stream or of one | `< 200ms` |
//! | `delivery.missing` `delivery.wrong` `delivery.lost` | events that did not come, that came twice or in the wrong order; subscriptions that broke | `0`, `< 1%` of the expected, for `lost` of the opened |
//! | `cpu`, `cpu.edge` | processor time per request, of all that is under test or of one | `< 80us` |
//! | `rss`, `rss.edge` | largest resident size | `< 200MiB` |
//! | `rss_growth`, `rss_growth.edge` | from begin to end | `< 5%`, `< 20MiB` |
//!
//! Without `<`, `<=`, `>` or `>=` a bound is the most that may be, for `rate` and `sustained` the least. What a scenario
//! does not name keeps its default: no errors, nothing dropped, nothing missing, and no wrong answer even where some
//! errors are allowed.

mod bound;
mod judge;
#[cfg(test)]
mod tests;

pub use bound::Bound;
pub use judge::judge;

use bound::Unit;
use edge_config::diagnose::did_you_mean;
use serde::{Deserialize, Deserializer, de};
use std::{fmt, str::FromStr};

/// A metric and its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As written: `feed.page.p99`.
    pub name: String,
    /// The same, understood.
    pub metric: Metric,
    /// What it may be.
    pub bound: Bound,
}

/// What is bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metric {
    /// Times of a step, or of the slowest.
    Time {
        /// `journey.step`.
        step: Option<String>,
        /// From when it was due, or from when it was sent.
        corrected: bool,
        /// Which figure.
        figure: Figure,
    },
    /// Failed iterations; or errors of one kind.
    Errors(Option<String>),
    /// Errors of the kinds that tell a wrong answer.
    Wrong,
    /// Iterations that were never begun.
    Dropped,
    /// Completed iterations per second.
    Rate,
    /// The highest rate of a ramp that was kept up with.
    Sustained,
    /// Of a stream, or of all.
    Delivery {
        /// Its name.
        stream: Option<String>,
        /// Which figure.
        figure: Delivery,
    },
    /// Processor time per request, of one process or of all that are under test.
    Cpu(Option<String>),
    /// Largest resident size.
    Rss(Option<String>),
    /// Growth of the resident size.
    RssGrowth(Option<String>),
}

/// A figure of a distribution of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
    /// 99.9th percentile.
    P999,
    /// Mean.
    Mean,
    /// Largest.
    Max,
}

/// What may be bounded of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Times from cause to arrival.
    Time(Figure),
    /// Events that did not come.
    Missing,
    /// Events that came twice or in the wrong order.
    Wrong,
    /// Subscriptions that could not be opened or broke.
    Lost,
}

const FIGURES: [(&str, Figure); 7] = [
    ("p50", Figure::P50),
    ("p90", Figure::P90),
    ("p95", Figure::P95),
    ("p99", Figure::P99),
    ("p999", Figure::P999),
    ("mean", Figure::Mean),
    ("max", Figure::Max),
];
const WORDS: [&str; 9] = [
    "errors",
    "wrong",
    "dropped",
    "rate",
    "sustained",
    "delivery",
    "cpu",
    "rss",
    "rss_growth",
];

impl FromStr for Figure {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        FIGURES
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, figure)| *figure)
            .ok_or(())
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, rest) = text
            .split_once('.')
            .map_or((text, None), |(first, rest)| (first, Some(rest)));
        let rest = rest.map(str::to_owned);
        match (first, &rest) {
            ("errors", _) => return Ok(Self::Errors(rest)),
            ("wrong", None) => return Ok(Self::Wrong),
            ("dropped", None) => return Ok(Self::Dropped),
            ("rate", None) => return Ok(Self::Rate),
            ("sustained", None) => return Ok(Self::Sustained),
            ("cpu", _) => return Ok(Self::Cpu(rest)),
            ("rss", _) => return Ok(Self::Rss(rest)),
            ("rss_growth", _) => return Ok(Self::RssGrowth(rest)),
            ("delivery", Some(rest)) => return delivery(rest),
            _ => {}
        }
        let of = text.strip_prefix("uncorrected.").unwrap_or(text);
        let corrected = of == text;
        let (step, figure) = of
            .rsplit_once('.')
            .map_or((None, of), |(step, figure)| (Some(step), figure));
        let figure = figure.parse().map_err(|()| {
            let hint = did_you_mean(figure, WORDS.into_iter().chain(FIGURES.map(|(name, _)| name)));
            format!("`{text}` is not a metric{hint}")
        })?;
        Ok(Self::Time {
            step: step.map(str::to_owned),
            corrected,
            figure,
        })
    }
}

fn delivery(text: &str) -> Result<Metric, String> {
    let (stream, figure) = text
        .rsplit_once('.')
        .map_or((None, text), |(stream, figure)| (Some(stream), figure));
    let figure = match figure {
        "missing" => Delivery::Missing,
        "wrong" => Delivery::Wrong,
        "lost" => Delivery::Lost,
        other => Delivery::Time(other.parse().map_err(|()| {
            let all = FIGURES.map(|(name, _)| name).join(", ");
            format!("`delivery.{text}` is not a metric; of a delivery there are missing, wrong, lost, {all}")
        })?),
    };
    Ok(Metric::Delivery {
        stream: stream.map(str::to_owned),
        figure,
    })
}

impl Metric {
    /// The units that its bound may have, the usual one first, each with an example.
    fn units(&self) -> &'static [(Unit, &'static str)] {
        match self {
            Self::Time { .. }
            | Self::Cpu(_)
            | Self::Delivery {
                figure: Delivery::Time(_),
                ..
            } => &[(Unit::Micros, "< 50ms")],
            Self::Errors(_) | Self::Wrong | Self::Dropped | Self::Delivery { .. } => {
                &[(Unit::Number, "0"), (Unit::Share, "< 1%")]
            }
            Self::Rate => &[(Unit::PerSecond, "> 900/s"), (Unit::Share, "> 99%")],
            Self::Sustained => &[(Unit::PerSecond, "> 900/s")],
            Self::Rss(_) => &[(Unit::Bytes, "< 200MiB")],
            Self::RssGrowth(_) => &[(Unit::Share, "< 5%"), (Unit::Bytes, "< 20MiB")],
        }
    }

    /// Whether more of it is better.
    fn more_is_better(&self) -> bool {
        matches!(self, Self::Rate | Self::Sustained)
    }
}

impl Threshold {
    /// Reads one.
    ///
    /// # Errors
    /// What cannot be understood, and how it should look.
    pub fn parse(name: &str, bound: &str) -> Result<Self, String> {
        let metric: Metric = name.parse()?;
        let bound = Bound::parse(bound, metric.more_is_better())?;
        let units = metric.units();
        if !units.iter().any(|(unit, _)| *unit == bound.unit) {
            let examples: Vec<_> = units.iter().map(|(_, example)| format!("`{example}`")).collect();
            return Err(format!(
                "`{}` does not bound {name}; write it like {}",
                bound.text,
                examples.join(" or ")
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            metric,
            bound,
        })
    }
}

/// All thresholds of a scenario, without defaults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thresholds(pub Vec<Threshold>);

impl<'de> Deserialize<'de> for Thresholds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> de::Visitor<'de> for All {
            type Value = Thresholds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Thresholds, A::Error> {
                let mut all = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    all.push(map.next_value_seed(Of(&name))?);
                }
                Ok(Thresholds(all))
            }
        }

        deserializer.deserialize_any(All)
    }
}

/// The bound of a metric.
struct Of<'a>(&'a str);

impl<'de> de::DeserializeSeed<'de> for Of<'_> {
    type Value = Threshold;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Threshold, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl de::Visitor<'_> for Of<'_> {
    type Value = Threshold;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bound like `< 50ms`")
    }

    fn visit_str<E: de::Error>(self, bound: &str) -> Result<Threshold, E> {
        Threshold::parse(self.0, bound).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Threshold, E> {
        self.visit_str(&number.to_string())
    }
}

impl Thresholds {
    /// With the defaults of what is not named.
    pub(crate) fn complete(&self, streams: bool) -> Vec<Threshold> {
        let mut all = self.0.clone();
        let named = |name: &str| self.0.iter().any(|threshold| threshold.name == name);
        let some_errors = self
            .0
            .iter()
            .any(|threshold| threshold.name == "errors" && !threshold.bound.is_nothing());
        let mut defaults = vec!["errors", "dropped"];
        if some_errors {
            defaults.push("wrong");
        }
        if streams {
            defaults.extend(["delivery.missing", "delivery.wrong", "delivery.lost"]);
        }
        // None of them fails to be read; a test sees to it.
        all.extend(
            defaults
                .into_iter()
                .filter(|name| !named(name))
                .filter_map(|name| Threshold::parse(name, "0").ok()),
        );
        all
    }
}
