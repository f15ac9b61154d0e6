//! `load`: how much, and how long.

use super::{
    quantity::{Percent, Speed, per_second},
    until::Climb,
};
use crate::{
    run::Plan,
    schedule::{Pace, Spacing, Stage},
};
use edge_config::units::{Rate, TimeSpan};
use serde::Deserialize;
use std::time::Duration;

/// Iterations in a schedule (`rate`, `stages` or `ramp`), or as fast as they can be done (`rate: max`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Iterations per second; with `stages` the rate they begin with.
    pub rate: Option<Speed>,
    /// How long, without warm-up; stages and ramps say it themselves.
    pub duration: Option<TimeSpan>,
    /// Rates that change.
    #[serde(default)]
    pub stages: Vec<StageSpec>,
    /// Rates that climb in steps, to find out how much is too much.
    pub ramp: Option<Ramp>,
    /// Before it, the same unmeasured.
    pub warmup: Option<TimeSpan>,
    /// Users at once, each with a connection of its own (HTTP/2: a stream).
    pub clients: u32,
    /// How iterations follow each other.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// Iterations that may wait or be under way; one more is dropped.
    pub max_pending: Option<u64>,
    /// How long an answer may take.
    #[serde(default = "ten_seconds")]
    pub timeout: TimeSpan,
    /// How long the last iterations may go on after the end.
    pub grace: Option<TimeSpan>,
}

fn ten_seconds() -> TimeSpan {
    TimeSpan::from_secs(10)
}

/// `load.stages`: within `over` the rate goes evenly to `to`, from where the stage before ended.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageSpec {
    /// Iterations per second at its end.
    pub to: Rate,
    /// How long.
    pub over: TimeSpan,
}

/// `load.ramp`: from one rate to another in steps.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// First iterations per second.
    pub from: Rate,
    /// Last ones at most.
    pub to: Rate,
    /// How many more in each step.
    pub step: Rate,
    /// How long each step lasts.
    pub every: TimeSpan,
    /// When it ends before.
    #[serde(default)]
    pub until: Until,
}

/// `load.ramp.until`: too much is when any of these is exceeded for three seconds in a row; the ramp then ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Until {
    /// Corrected 99th percentile, over all steps.
    pub p99: Option<TimeSpan>,
    /// Share of what was due that failed or was dropped.
    pub errors: Option<Percent>,
}

/// `load.arrivals`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// As even as the rate allows.
    #[default]
    Constant,
    /// At random, as independent users come.
    Poisson,
}

/// What a command line says in the place of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Overrides {
    /// In the place of `rate`, `stages` and `ramp`.
    pub rate: Option<Speed>,
    /// In the place of `duration`; stages and ramps are stretched or shortened to it.
    pub duration: Option<Duration>,
    /// In the place of `warmup`.
    pub warmup: Option<Duration>,
    /// In the place of `clients`.
    pub clients: Option<u32>,
    /// Decides what chance decides.
    pub seed: u64,
}

/// Most steps of a ramp.
const MOST_STEPS: f64 = 1000.0;

impl Load {
    /// The plan of a run; threads and processors are the caller's to choose.
    pub(super) fn plan(&self, overrides: &Overrides) -> Plan {
        let mut plan = Plan::new(self.pace(overrides), overrides.clients.unwrap_or(self.clients));
        plan.warmup = overrides.warmup.or(self.warmup.map(|span| span.0)).unwrap_or_default();
        plan.max_pending = self.max_pending;
        plan.grace = self.grace.map_or(plan.grace, |span| span.0);
        plan
    }

    /// What ends the ramp; `None` where nothing ramps or nothing is too much.
    pub(super) fn climb(&self, overrides: &Overrides) -> Option<Climb> {
        let until = self
            .ramp
            .map(|ramp| ramp.until)
            .filter(|until| *until != Until::default())?;
        match (overrides.rate, self.pace(overrides)) {
            (None, Pace::Open { stages, .. }) => Some(Climb::new(until, stages.first()?.duration)),
            _ => None,
        }
    }

    fn pace(&self, overrides: &Overrides) -> Pace {
        let spacing = match self.arrivals {
            Arrivals::Constant => Spacing::Constant,
            Arrivals::Poisson => Spacing::Poisson { seed: overrides.seed },
        };
        let own = self.stages();
        let lasts: Duration = own.iter().map(|stage| stage.duration).sum();
        let duration = overrides.duration.unwrap_or(lasts);
        match overrides.rate {
            Some(Speed::Max) => Pace::Closed { duration },
            Some(Speed::PerSecond(rate)) => Pace::Open {
                stages: vec![flat(rate, duration)],
                spacing,
            },
            None if self.rate == Some(Speed::Max) => Pace::Closed { duration },
            None => {
                let factor = duration.as_secs_f64() / lasts.as_secs_f64().max(f64::MIN_POSITIVE);
                let stretched = |stage: Stage| Stage {
                    duration: stage.duration.mul_f64(factor),
                    ..stage
                };
                let stages = own.into_iter().map(stretched).collect();
                Pace::Open { stages, spacing }
            }
        }
    }

    /// What the file says, as stages; of a closed loop the duration alone.
    fn stages(&self) -> Vec<Stage> {
        if let Some(ramp) = &self.ramp {
            return ramp.stages();
        }
        let duration = self.duration.map(|span| span.0).unwrap_or_default();
        let rate = match self.rate {
            Some(Speed::PerSecond(rate)) => Some(rate),
            Some(Speed::Max) => Some(0.0),
            None => None,
        };
        if self.stages.is_empty() {
            return vec![flat(rate.unwrap_or_default(), duration)];
        }
        let mut from = rate;
        let one = |stage: &StageSpec| {
            let to = per_second(stage.to);
            let begin = from.replace(to).unwrap_or(to);
            Stage {
                from: begin,
                to,
                duration: stage.over.0,
            }
        };
        self.stages.iter().map(one).collect()
    }

    /// What the keys cannot say together; the key and what is wrong with it.
    pub(super) fn contradictions(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        let mut told = |key, text: &str| all.push((key, text.to_owned()));
        let kinds = [
            self.rate.is_some() && self.stages.is_empty(),
            !self.stages.is_empty(),
            self.ramp.is_some(),
        ];
        match kinds.iter().filter(|given| **given).count() {
            0 => told("", "says no speed; give `rate`, `stages` or `ramp`"),
            1 => {}
            _ => told("ramp", "stands beside `rate` or `stages`; keep one of them"),
        }
        let says_itself = self.ramp.is_some() || !self.stages.is_empty();
        if says_itself && self.duration.is_some() {
            told("duration", "stages and ramps say how long they last; take it out");
        }
        if !says_itself && self.duration.is_none() && self.rate.is_some() {
            told("", "says no `duration`; give one like `30s`");
        }
        if self.rate == Some(Speed::Max) && !self.stages.is_empty() {
            told("rate", "stages begin with a rate, not with `max`");
        }
        if self.rate == Some(Speed::Max) && self.arrivals == Arrivals::Poisson {
            told("arrivals", "`max` has no schedule; take it out");
        }
        if self.clients == 0 {
            told("clients", "0 do nothing; give at least 1");
        }
        if let Some(ramp) = &self.ramp {
            if per_second(ramp.to) <= per_second(ramp.from) {
                told("ramp.to", "not more than `from`; a ramp climbs");
            } else if ramp.steps() > MOST_STEPS {
                told("ramp.step", "more than a thousand steps; make them larger");
            }
        }
        all
    }
}

impl Ramp {
    fn steps(&self) -> f64 {
        (per_second(self.to) - per_second(self.from)) / per_second(self.step)
    }

    fn stages(&self) -> Vec<Stage> {
        let (from, step) = (per_second(self.from), per_second(self.step));
        // The rates are whole numbers mostly, and their quotient should not miss the last step by a rounding.
        let steps = (self.steps() + 1e-9).floor().min(MOST_STEPS) as u32;
        (0..=steps)
            .map(|number| flat(from + step * f64::from(number), self.every.0))
            .collect()
    }
}

fn flat(rate: f64, duration: Duration) -> Stage {
    Stage {
        from: rate,
        to: rate,
        duration,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(yaml: &str) -> Load {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn stages(yaml: &str) -> Vec<(f64, f64, f64)> {
        let Pace::Open { stages, .. } = load(yaml).plan(&Overrides::default()).pace else {
            panic!("closed: {yaml}")
        };
        stages
            .iter()
            .map(|stage| (stage.from, stage.to, stage.duration.as_secs_f64()))
            .collect()
    }

    #[test]
    fn schedules_are_what_the_file_says() {
        assert_eq!(
            stages("{ rate: 500/s, duration: 30s, clients: 1 }"),
            [(500.0, 500.0, 30.0)]
        );
        let climbing = "{ rate: 100/s, stages: [{ to: 200/s, over: 5s }, { to: 200/s, over: 1s }], clients: 1 }";
        assert_eq!(stages(climbing), [(100.0, 200.0, 5.0), (200.0, 200.0, 1.0)]);
        assert_eq!(
            stages("{ stages: [{ to: 60/m, over: 5s }], clients: 1 }"),
            [(1.0, 1.0, 5.0)]
        );
        let ramp = "{ ramp: { from: 200/s, to: 600/s, step: 200/s, every: 10s }, clients: 1 }";
        assert_eq!(
            stages(ramp),
            [(200.0, 200.0, 10.0), (400.0, 400.0, 10.0), (600.0, 600.0, 10.0)]
        );
        let closed = load("{ rate: max, duration: 3s, clients: 7 }").plan(&Overrides::default());
        assert_eq!(
            (closed.pace, closed.clients),
            (
                Pace::Closed {
                    duration: Duration::from_secs(3)
                },
                7
            )
        );
    }

    #[test]
    fn only_a_ramp_with_a_bound_is_ended() {
        let ramp = |until: &str| {
            load(&format!(
                "{{ ramp: {{ from: 1/s, to: 2/s, step: 1/s, every: 5s{until} }}, clients: 1 }}"
            ))
        };
        let bounded = ramp(", until: { p99: 1s }");
        assert!(bounded.climb(&Overrides::default()).is_some());
        assert!(ramp("").climb(&Overrides::default()).is_none());
        let flat = Overrides {
            rate: Some(Speed::PerSecond(1.0)),
            ..Overrides::default()
        };
        assert!(bounded.climb(&flat).is_none(), "one rate does not climb");
    }

    #[test]
    fn a_command_line_has_the_last_word() {
        let file =
            load("{ ramp: { from: 10/s, to: 20/s, step: 10/s, every: 10s }, warmup: 5s, clients: 8, grace: 3s }");
        let plan = |overrides| file.plan(&overrides);
        let faster = plan(Overrides {
            duration: Some(Duration::from_secs(2)),
            ..Overrides::default()
        });
        assert_eq!(
            (faster.pace.duration(), faster.pace.final_rate()),
            (Duration::from_secs(2), Some(20.0))
        );
        assert_eq!(
            (faster.warmup, faster.grace),
            (Duration::from_secs(5), Duration::from_secs(3))
        );
        let flat = plan(Overrides {
            rate: Some(Speed::PerSecond(7.0)),
            clients: Some(2),
            ..Overrides::default()
        });
        assert_eq!(
            (flat.pace, flat.clients),
            (Pace::constant(7.0, Duration::from_secs(20)), 2)
        );
        let closed = plan(Overrides {
            rate: Some(Speed::Max),
            warmup: Some(Duration::ZERO),
            ..Overrides::default()
        });
        assert_eq!((closed.pace.final_rate(), closed.warmup), (None, Duration::ZERO));
    }
}
