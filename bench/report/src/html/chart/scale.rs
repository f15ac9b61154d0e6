//! From values to places in a drawing.

/// How values are spread over an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Linear,
    Seconds,
    Log,
    Nines,
}

/// Steps between seconds that people count by.
const STEPS_S: [f64; 14] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0,
];

/// One axis: the values `from..=to`, over the pixels `start..=end` (either may be the larger).
#[derive(Debug, Clone, Copy)]
pub(in crate::html) struct Scale {
    kind: Kind,
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// Even steps.
    pub(super) fn linear(from: f64, to: f64) -> Self {
        Self {
            kind: Kind::Linear,
            from,
            to: if to > from { to } else { from + 1.0 },
            start: 0.0,
            end: 1.0,
        }
    }

    /// From the begin to this second.
    pub(super) fn seconds(to: f64) -> Self {
        Self {
            kind: Kind::Seconds,
            ..Self::linear(0.0, to)
        }
    }

    /// From zero to a round number at or over `largest`.
    pub(super) fn from_zero(largest: f64) -> Self {
        let largest = if largest.is_finite() && largest > 0.0 {
            largest
        } else {
            1.0
        };
        let step = step(largest / 4.0);
        Self::linear(0.0, (largest / step).ceil() * step)
    }

    /// Even factors, widened to the 1, 2 or 5 at or beyond either end. Values must be positive.
    pub(super) fn log(smallest: f64, largest: f64) -> Self {
        let smallest = if smallest.is_finite() && smallest > 0.0 {
            smallest
        } else {
            1.0
        };
        let largest = if largest.is_finite() {
            largest.max(smallest)
        } else {
            smallest
        };
        let (from, mut to) = (round_number(smallest, false), round_number(largest, true));
        if to < from * 4.0 {
            to = round_number(from * 4.0, true);
        }
        Self {
            kind: Kind::Log,
            from,
            to,
            start: 0.0,
            end: 1.0,
        }
    }

    /// Percentiles by nines: 90, 99, 99.9 are as far apart as tenfold rarity. Ends where one sample of `count` is.
    pub(super) fn nines(count: u64) -> Self {
        let last = (count.max(1) as f64).log10().clamp(2.0, 7.0);
        Self {
            kind: Kind::Nines,
            from: 0.0,
            to: 100.0 * (1.0 - 10f64.powf(-last)),
            start: 0.0,
            end: 1.0,
        }
    }

    /// The same over these pixels.
    pub(super) fn over(self, start: f64, end: f64) -> Self {
        Self { start, end, ..self }
    }

    /// Where a value stands; one beyond the ends stands at the end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let (from, to) = (self.position(self.from), self.position(self.to));
        let part = ((self.position(value.clamp(self.from, self.to)) - from) / (to - from)).clamp(0.0, 1.0);
        self.start + part * (self.end - self.start)
    }

    fn position(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Linear | Kind::Seconds => value,
            Kind::Log => value.log10(),
            Kind::Nines => -(1.0 - value / 100.0).log10(),
        }
    }

    /// Values worth a line: at most about `most`.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        match self.kind {
            Kind::Linear => self.even(step(self.length() / most.max(1) as f64)),
            Kind::Seconds => {
                let rough = self.length() / most.max(1) as f64;
                let found = STEPS_S.into_iter().find(|&step| step >= rough);
                self.even(found.unwrap_or_else(|| step(rough)))
            }
            Kind::Log => self.decades(most),
            Kind::Nines => {
                let nines = [50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 99.9999];
                nines.into_iter().filter(|&tick| tick <= self.to + 1e-9).collect()
            }
        }
    }

    fn length(&self) -> f64 {
        self.to - self.from
    }

    fn even(&self, step: f64) -> Vec<f64> {
        let first = (self.from / step).ceil() as i64;
        let last = (self.to / step + 1e-9).floor() as i64;
        (first..=last).map(|n| n as f64 * step).collect()
    }

    fn decades(&self, most: usize) -> Vec<f64> {
        let exponents = || self.from.log10().floor() as i32..=self.to.log10().ceil() as i32;
        let within = |&tick: &f64| tick >= self.from * 0.999 && tick <= self.to * 1.001;
        let of = |factors: &[f64]| -> Vec<f64> {
            exponents()
                .flat_map(|exponent| factors.iter().map(move |factor| factor * 10f64.powi(exponent)))
                .filter(within)
                .collect()
        };
        let choices = [of(&[1.0, 2.0, 5.0]), of(&[1.0, 3.0]), of(&[1.0])];
        let fitting = choices.into_iter().find(|ticks| ticks.len() <= most);
        fitting.unwrap_or_else(|| {
            let all = of(&[1.0]);
            let every = all.len().div_ceil(most.max(1));
            all.into_iter().step_by(every).collect()
        })
    }
}

/// The 1, 2 or 5 times a power of ten that is next above this.
fn step(rough: f64) -> f64 {
    round_number(rough.max(1e-9), true)
}

/// The nearest 1, 2 or 5 times a power of ten, not below (`up`) or not above the value.
fn round_number(value: f64, up: bool) -> f64 {
    let base = 10f64.powf(value.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let found = if up {
        factors.into_iter().find(|factor| base * factor >= value * (1.0 - 1e-9))
    } else {
        factors
            .into_iter()
            .rev()
            .find(|factor| base * factor <= value * (1.0 + 1e-9))
    };
    base * found.unwrap_or(if up { 10.0 } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nines_are_evenly_spaced() {
        let scale = Scale::nines(10_000).over(0.0, 400.0);
        for (percentile, place) in [
            (0.0, 0.0),
            (90.0, 100.0),
            (99.0, 200.0),
            (99.9, 300.0),
            (99.99, 400.0),
            (100.0, 400.0),
        ] {
            assert!(
                (scale.at(percentile) - place).abs() < 1e-6,
                "{percentile}: {}",
                scale.at(percentile)
            );
        }
        assert_eq!(scale.ticks(9), [50.0, 90.0, 99.0, 99.9, 99.99]);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!(Scale::from_zero(998.0).to, 1_000.0);
        assert_eq!(Scale::from_zero(0.0).to, 1.0);
        assert_eq!(Scale::from_zero(f64::NAN).to, 1.0);
        let log = Scale::log(340.0, 1_020_000.0);
        assert!(
            (log.from - 200.0).abs() < 1e-6 && (log.to - 2e6).abs() < 1e-3,
            "{log:?}"
        );
    }

    #[test]
    fn ticks_are_few_and_round() {
        assert_eq!(
            Scale::from_zero(1_000.0).ticks(5),
            [0.0, 200.0, 400.0, 600.0, 800.0, 1_000.0]
        );
        assert_eq!(Scale::linear(0.0, 29.0).ticks(6), [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]);
        assert_eq!(
            Scale::seconds(61.0).ticks(10),
            [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
        );
        assert_eq!(
            Scale::seconds(3_600.0).ticks(7),
            [0.0, 600.0, 1_200.0, 1_800.0, 2_400.0, 3_000.0, 3_600.0]
        );
        assert_eq!(Scale::seconds(3.0).ticks(10), [0.0, 1.0, 2.0, 3.0]);
        let ticks: Vec<_> = Scale::log(120.0, 4_000.0)
            .ticks(6)
            .iter()
            .map(|tick| tick.round())
            .collect();
        assert_eq!(ticks, [100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0]);
    }

    proptest! {
        #[test]
        fn places_lie_within_the_axis_and_keep_the_order(a in -1e3..1e9_f64, b in -1e3..1e9_f64, top in 1e-3..1e9_f64) {
            for scale in [Scale::from_zero(top), Scale::log(top / 50.0, top), Scale::nines(top as u64)] {
                let scale = scale.over(300.0, 20.0);
                let (low, high) = (scale.at(a.min(b)), scale.at(a.max(b)));
                prop_assert!((20.0..=300.0).contains(&low) && (20.0..=300.0).contains(&high) && low >= high);
                let ticks = scale.ticks(6);
                prop_assert!(!ticks.is_empty() && ticks.len() <= 14, "{:?}", ticks);
            }
        }
    }
}
