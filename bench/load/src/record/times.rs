//! A distribution of times.

use bench_report::model::Latency;
use hdrhistogram::{Counter, Histogram};
use std::time::Duration;

/// Longer times are recorded as this; how many were is told in [`crate::run::Measured::notes`].
pub(crate) const LONGEST: Duration = Duration::from_mins(10);

/// Nanoseconds that are told apart at the short end: finer than any clock here, and a third fewer buckets than single ones.
const FINEST: u64 = 64;

/// An HDR histogram of nanoseconds that never refuses a value.
pub(crate) struct Times<C: Counter = u64> {
    histogram: Histogram<C>,
    saturated: u64,
}

impl<C: Counter> Times<C> {
    /// `figures` are significant decimal figures, 1 to 5.
    pub(crate) fn new(figures: u8) -> Self {
        let longest = LONGEST.as_nanos() as u64;
        let histogram =
            Histogram::new_with_bounds(FINEST, longest, figures).or_else(|_| Histogram::new(figures.min(5)));
        let Ok(histogram) = histogram else {
            unreachable!("the bounds are constant and at most 5 figures are asked for");
        };
        Self {
            histogram,
            saturated: 0,
        }
    }

    pub(crate) fn record(&mut self, time: Duration) {
        if time > LONGEST {
            self.saturated += 1;
        }
        self.histogram.saturating_record(time.min(LONGEST).as_nanos() as u64);
    }

    /// How many times were too long to be told apart.
    pub(crate) fn saturated(&self) -> u64 {
        self.saturated
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        // Bounds are constant, so that every value of one has its place in the other.
        let fits = self.histogram.add(&other.histogram).is_ok();
        debug_assert!(fits);
        self.saturated += other.saturated;
    }

    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Microseconds below or at which this share of the samples lies; 0 without samples.
    pub(crate) fn quantile_us(&self, quantile: f64) -> f64 {
        micros(self.histogram.value_at_quantile(quantile).min(self.histogram.max()))
    }

    /// Everything that a report says of it.
    pub(crate) fn latency(&self) -> Latency {
        let count = self.count();
        if count == 0 {
            return Latency::default();
        }
        Latency {
            count,
            min_us: micros(self.histogram.min()),
            mean_us: self.histogram.mean() / 1_000.0,
            p50_us: self.quantile_us(0.50),
            p90_us: self.quantile_us(0.90),
            p95_us: self.quantile_us(0.95),
            p99_us: self.quantile_us(0.99),
            p999_us: self.quantile_us(0.999),
            max_us: micros(self.histogram.max()),
            curve: self.curve(),
        }
    }

    /// Every second percentile up to the 90th, from there 12 points for each further nine, until single samples are told.
    fn curve(&self) -> Vec<(f64, f64)> {
        let body = (0..45).map(|point| f64::from(point) / 50.0);
        let tail = (0..48).map(|point| 1.0 - 10f64.powf(-1.0 - f64::from(point) / 12.0));
        let resolved = 1.0 - 1.0 / self.count() as f64;
        let quantiles = body.chain(tail).take_while(|quantile| *quantile < resolved);
        let mut curve: Vec<_> = quantiles
            .map(|quantile| (quantile * 100.0, self.quantile_us(quantile)))
            .collect();
        curve.push((100.0, micros(self.histogram.max())));
        curve
    }
}

fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1_000.0
}
