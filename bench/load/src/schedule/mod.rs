//! When iterations are due.
//!
//! In an open loop every due time is a function of the start alone: no answer, however late, moves the next request, so
//! that a stall of the target is felt by all who would have come meanwhile. The rate over time λ(t) is given by stages;
//! arrival number k is due when ∫λ reaches k, or, with [`Spacing::Poisson`], when it reaches the sum of k exponential steps of
//! mean 1: a Poisson process of that rate.

mod arrivals;
mod profile;

#[cfg(test)]
mod tests;

pub(crate) use arrivals::{Arrival, Arrivals};
pub(crate) use profile::{Part, Profile};

use std::time::Duration;

/// A part of an open loop in which the rate goes linearly from one value to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Iterations per second at its begin.
    pub from: f64,
    /// Iterations per second at its end.
    pub to: f64,
    /// How long.
    pub duration: Duration,
}

/// How arrivals follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spacing {
    /// As even as the rate allows.
    #[default]
    Constant,
    /// As independent users come: at random, with the rate as the mean.
    Poisson {
        /// The same seed gives the same arrivals, for one number of threads.
        seed: u64,
    },
}

/// What drives the clients.
#[derive(Debug, Clone, PartialEq)]
pub enum Pace {
    /// A schedule, whatever the answers take.
    Open {
        /// One after the other. The first one's begin is the rate of the warm-up.
        stages: Vec<Stage>,
        /// How arrivals follow each other.
        spacing: Spacing,
    },
    /// Each client goes again as soon as it is done: saturation. An iteration is due when its client is free, so that
    /// corrected and uncorrected times hardly differ, and none of them tells what users would wait.
    Closed {
        /// How long.
        duration: Duration,
    },
}

impl Pace {
    /// An even open loop of one rate, in iterations per second.
    pub fn constant(rate: f64, duration: Duration) -> Self {
        let stages = vec![Stage {
            from: rate,
            to: rate,
            duration,
        }];
        Self::Open {
            stages,
            spacing: Spacing::Constant,
        }
    }

    /// How long it lasts, without warm-up.
    pub fn duration(&self) -> Duration {
        match self {
            Self::Open { stages, .. } => stages.iter().map(|stage| stage.duration).sum(),
            Self::Closed { duration } => *duration,
        }
    }

    /// The rate at its end, in iterations per second; `None` for a closed loop.
    pub fn final_rate(&self) -> Option<f64> {
        match self {
            Self::Open { stages, .. } => stages.last().map(|stage| stage.to),
            Self::Closed { .. } => None,
        }
    }

    /// The highest rate, in iterations per second; `None` for a closed loop.
    pub fn peak_rate(&self) -> Option<f64> {
        match self {
            Self::Open { stages, .. } => Some(stages.iter().map(|stage| stage.from.max(stage.to)).fold(0.0, f64::max)),
            Self::Closed { .. } => None,
        }
    }

    /// What makes it impossible to follow.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.duration().is_zero() {
            return Err("the duration must be longer than nothing".to_owned());
        }
        let Self::Open { stages, .. } = self else {
            return Ok(());
        };
        let rates = stages.iter().flat_map(|stage| [stage.from, stage.to]);
        if let Some(rate) = rates
            .clone()
            .find(|rate| !rate.is_finite() || !(0.0..=MAX_RATE).contains(rate))
        {
            return Err(format!(
                "a rate must lie between 0 and {MAX_RATE} iterations per second, not at {rate}"
            ));
        }
        if rates.fold(0.0, f64::max) == 0.0 {
            return Err("at least one stage needs a rate above 0".to_owned());
        }
        Ok(())
    }
}

/// More than one machine can send, and few enough for exact arithmetic.
const MAX_RATE: f64 = 10_000_000.0;
