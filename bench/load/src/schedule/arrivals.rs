//! The due times of one thread.

use super::{Profile, Spacing};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{sync::Arc, time::Duration};

/// One iteration's due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// From the begin of the warm-up.
    pub at: Duration,
    /// The part of the measured time it belongs to; `None` in the warm-up.
    pub part: Option<u16>,
}

/// A thread's share of an open loop, ascending. Evenly spaced, thread i of n has the arrivals i, i+n, i+2n …; a Poisson process
/// is the sum of n independent ones of an n-th of the rate.
pub(crate) struct Arrivals {
    profile: Arc<Profile>,
    position: Position,
    threads: f64,
    segment: usize,
    part: usize,
}

enum Position {
    Even { thread: f64, number: f64 },
    Random { sum: f64, random: Box<StdRng> },
}

impl Arrivals {
    pub(crate) fn new(profile: Arc<Profile>, spacing: Spacing, thread: u32, threads: u32) -> Self {
        let position = match spacing {
            Spacing::Constant => Position::Even {
                thread: f64::from(thread),
                number: 0.0,
            },
            Spacing::Poisson { seed } => Position::Random {
                sum: 0.0,
                random: Box::new(StdRng::seed_from_u64(seed ^ (u64::from(thread) << 32))),
            },
        };
        Self {
            profile,
            position,
            threads: f64::from(threads),
            segment: 0,
            part: 0,
        }
    }

    /// Where on ∫λ the next one lies.
    fn advance(&mut self) -> f64 {
        match &mut self.position {
            Position::Even { thread, number } => {
                let count = *thread + *number * self.threads;
                *number += 1.0;
                count
            }
            Position::Random { sum, random } => {
                // 1 - [0, 1) is never 0.
                *sum -= (1.0 - random.random::<f64>()).ln();
                *sum * self.threads
            }
        }
    }
}

impl Iterator for Arrivals {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let count = self.advance();
        let at = self.profile.inverse(count, &mut self.segment)?;
        let measured = at - self.profile.warmup();
        let parts = self.profile.parts();
        while parts.get(self.part + 1).is_some_and(|part| part.start <= measured) {
            self.part += 1;
        }
        Some(Arrival {
            at: Duration::from_secs_f64(at),
            part: (measured >= 0.0).then_some(self.part as u16),
        })
    }
}
