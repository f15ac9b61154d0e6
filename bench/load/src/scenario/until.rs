//! When a ramp has climbed high enough.

use super::load::Until;
use bench_report::{terminal::Snapshot, units};

/// A single bad second is an accident; so many in a row are too much.
const SECONDS: f64 = 3.0;

/// Watches a run's progress for the bounds of `load.ramp.until`.
#[derive(Debug, Clone)]
pub struct Climb {
    until: Until,
    /// A second ago, or less.
    before: Option<Snapshot>,
    over_since: Option<f64>,
}

impl Climb {
    /// Watches for these bounds.
    pub fn new(until: Until) -> Self {
        Self {
            until,
            before: None,
            over_since: None,
        }
    }

    /// Takes a snapshot of the measured phase; why the ramp ends, once a bound was exceeded for three seconds in a row.
    pub fn look(&mut self, now: &Snapshot) -> Option<String> {
        let begun = Snapshot::default();
        let before = self.before.as_ref().unwrap_or(&begun);
        if now.elapsed_s - before.elapsed_s < 1.0 {
            return None;
        }
        let told = self.exceeded(before, now).filter(|_| now.due > 0);
        self.before = Some(now.clone());
        if told.is_none() {
            self.over_since = None;
            return None;
        }
        let since = *self.over_since.get_or_insert(now.elapsed_s);
        told.filter(|_| now.elapsed_s - since >= SECONDS - 1.0)
    }

    fn exceeded(&self, before: &Snapshot, now: &Snapshot) -> Option<String> {
        let p99 = self.until.p99.map(|bound| bound.as_secs_f64() * 1e6);
        if let Some(bound) = p99.filter(|bound| now.p99_us > *bound) {
            return Some(format!(
                "p99 is {}, above {}",
                units::time(now.p99_us),
                units::time(bound)
            ));
        }
        let bad = |snapshot: &Snapshot| snapshot.failed + snapshot.dropped;
        let (errors, due) = (bad(now).saturating_sub(bad(before)), now.due.saturating_sub(before.due));
        let share = if due == 0 { 0.0 } else { errors as f64 / due as f64 };
        let bound = self.until.errors.map(|bound| bound.0).filter(|bound| share > *bound)?;
        Some(format!(
            "{} failed or were dropped, above {}",
            units::share(share),
            units::share(bound)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_config::units::TimeSpan;

    fn second(at: u32, p99_us: f64, failed: u64) -> Snapshot {
        let elapsed_s = f64::from(at);
        Snapshot {
            elapsed_s,
            due: u64::from(at) * 100,
            failed,
            p99_us,
            ..Snapshot::default()
        }
    }

    fn climb() -> Climb {
        let p99 = Some(TimeSpan("100ms".parse::<TimeSpan>().unwrap().0));
        Climb::new(Until {
            p99,
            errors: Some("1%".parse().unwrap()),
        })
    }

    #[test]
    fn three_slow_seconds_end_it_and_two_do_not() {
        let mut slow = climb();
        let told: Vec<_> = (1..=6)
            .map(|at| slow.look(&second(at, if at == 3 { 1.0 } else { 200_000.0 }, 0)))
            .collect();
        assert_eq!(told[..5], [None, None, None, None, None]);
        assert_eq!(told[5].as_deref(), Some("p99 is 200 ms, above 100 ms"));
    }

    #[test]
    fn errors_are_those_of_the_last_second() {
        let mut early = climb();
        assert!(
            (1..=9).all(|at| early.look(&second(at, 1.0, 50)).is_none()),
            "only the first second had errors"
        );
        let mut late = climb();
        let told: Vec<_> = (1..=3)
            .map(|at| late.look(&second(at, 1.0, u64::from(at) * 2)))
            .collect();
        assert!(told[0].is_none() && told[1].is_none());
        assert!(
            told[2]
                .as_deref()
                .is_some_and(|text| text.ends_with("failed or were dropped, above 1 %")),
            "{told:?}"
        );
    }
}
