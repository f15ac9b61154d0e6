//! When a ramp has climbed high enough.

use super::load::Until;
use bench_report::{
    model::{Ramp, Stage, held},
    terminal::Snapshot,
    units,
};
use edge_config::units::TimeSpan;
use std::{ops::ControlFlow, time::Duration};

/// A single bad second is an accident; so many in a row are too much.
const SECONDS: f64 = 3.0;

/// Watches a run's progress for the bounds of `load.ramp.until`, and ends the run where one is exceeded.
#[derive(Debug, Clone)]
pub struct Climb {
    until: Until,
    /// How long a stage lasts.
    every: Duration,
    /// A second ago, or less.
    before: Option<Snapshot>,
    over_since: Option<f64>,
    ended: Option<String>,
}

impl Climb {
    /// Watches for these bounds; each stage lasts `every`.
    pub fn new(until: Until, every: Duration) -> Self {
        Self {
            until,
            every,
            before: None,
            over_since: None,
            ended: None,
        }
    }

    /// Takes a snapshot of the measured phase: whether the ramp goes on. It ends once a bound was exceeded for three seconds
    /// in a row, and then for good.
    pub fn look(&mut self, now: &Snapshot) -> ControlFlow<()> {
        if self.ended.is_none() {
            self.ended = self.too_much(now);
        }
        match self.ended {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }

    /// What the ramp found. Of the stages, those no longer count as kept up with that exceeded a bound as a whole, or that the
    /// ramp ended in.
    pub fn conclude(self, stages: &mut [Stage]) -> Ramp {
        if self.ended.is_some()
            && let Some(last) = stages.last_mut()
        {
            last.sustained = false;
        }
        for stage in &mut *stages {
            stage.sustained &= self.is_kept_by(stage);
        }
        Ramp {
            ended: self.ended,
            held: held(stages).map(|stage| stage.rate),
        }
    }

    fn is_kept_by(&self, stage: &Stage) -> bool {
        let due = stage.rate * self.every.as_secs_f64();
        let slow = self
            .until
            .p99
            .is_some_and(|bound| stage.corrected.p99_us > micros(bound));
        let bad = self
            .until
            .errors
            .is_some_and(|bound| stage.failed as f64 > bound.0 * due);
        !slow && !bad
    }

    fn too_much(&mut self, now: &Snapshot) -> Option<String> {
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
        let p99 = self.until.p99.map(micros);
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

fn micros(span: TimeSpan) -> f64 {
    span.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench_report::model::Latency;

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
        let until = Until {
            p99: Some("100ms".parse().unwrap()),
            errors: Some("1%".parse().unwrap()),
        };
        Climb::new(until, Duration::from_secs(5))
    }

    /// The number of the first snapshot that ends it, and why.
    fn ended(mut snapshots: impl Iterator<Item = Snapshot>) -> (Option<usize>, String) {
        let mut climb = climb();
        let at = snapshots.position(|snapshot| climb.look(&snapshot).is_break());
        (at, climb.ended.unwrap_or_default())
    }

    #[test]
    fn three_slow_seconds_end_it_and_two_do_not() {
        let slow = |at: u32| second(at, if at == 3 { 1.0 } else { 200_000.0 }, 0);
        assert_eq!(
            ended((1..=9).map(slow)),
            (Some(5), "p99 is 200 ms, above 100 ms".to_owned())
        );
        assert_eq!(ended((1..=5).map(slow)).0, None);
    }

    #[test]
    fn errors_are_those_of_the_last_second() {
        let early = ended((1..=9).map(|at| second(at, 1.0, 50)));
        assert_eq!(early.0, None, "only the first second had errors");
        let (at, why) = ended((1..=9).map(|at| second(at, 1.0, u64::from(at) * 2)));
        assert_eq!(at, Some(2));
        assert!(why.ends_with("failed or were dropped, above 1 %"), "{why}");
    }

    #[test]
    fn what_is_over_stays_over() {
        let mut climb = climb();
        let slow = (1..=3).map(|at| climb.look(&second(at, 200_000.0, 0))).last();
        assert_eq!(slow, Some(ControlFlow::Break(())));
        assert_eq!(climb.look(&second(4, 1.0, 0)), ControlFlow::Break(()));
    }

    fn stage(rate: f64, p99_us: f64, failed: u64) -> Stage {
        Stage {
            rate,
            achieved: rate,
            corrected: Latency {
                p99_us,
                ..Latency::default()
            },
            failed,
            sustained: true,
        }
    }

    #[test]
    fn what_held_is_the_last_whole_stage_within_the_bounds() {
        let rising = || [100.0, 200.0, 300.0].map(|rate| stage(rate, 1.0, 0));
        let found = |mut climb: Climb, ended: Option<&str>, mut stages: [Stage; 3]| {
            climb.ended = ended.map(str::to_owned);
            let ramp = climb.conclude(&mut stages);
            (ramp.held, stages.map(|stage| stage.sustained))
        };
        assert_eq!(found(climb(), None, rising()), (Some(300.0), [true; 3]));
        let cut = found(climb(), Some("too slow"), rising());
        assert_eq!(cut, (Some(200.0), [true, true, false]), "the last one was not whole");
        let mut slow = rising();
        slow[1].corrected.p99_us = 100_001.0;
        assert_eq!(found(climb(), None, slow), (Some(100.0), [true, false, true]));
        let mut bad = rising();
        // Of 500 that were due in five seconds.
        bad[0].failed = 6;
        assert_eq!(found(climb(), None, bad), (None, [false, true, true]));
    }
}
