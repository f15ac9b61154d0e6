//! What is tried out: a few targets under steady load, and what goes wrong with them.

use super::world::{Fault, Schedule, Setup, Trouble};
use edge_policy::{balance::Method, breaker, hedge, outlier};
use std::time::Duration;

/// One of them.
#[derive(Debug)]
pub struct Scene {
    pub name: &'static str,
    faults: &'static [(usize, Fault)],
    /// How much slower than 10 ms each target is at its best.
    factors: &'static [f32],
    rate: f32,
}

const EQUAL: &[f32] = &[1.0, 1.0, 1.0];
const ALL: [usize; 3] = [0, 1, 2];

/// All of them. Faults last from 10 s to 30 s of 40 s.
pub const SCENES: &[Scene] = &[
    Scene {
        name: "all well",
        faults: &[],
        factors: EQUAL,
        rate: 600.0,
    },
    Scene {
        name: "busy",
        faults: &[],
        factors: EQUAL,
        rate: 2_000.0,
    },
    Scene {
        name: "unequal",
        faults: &[],
        factors: &[1.0, 2.0, 4.0],
        rate: 600.0,
    },
    Scene {
        name: "one 50x slower",
        faults: &[(0, Fault::Slow(50.0))],
        factors: EQUAL,
        rate: 600.0,
    },
    Scene {
        name: "one dead",
        faults: &[(0, Fault::Dead)],
        factors: EQUAL,
        rate: 600.0,
    },
    Scene {
        name: "one stalled",
        faults: &[(0, Fault::Stalled)],
        factors: EQUAL,
        rate: 600.0,
    },
    Scene {
        name: "one fails 1/3",
        faults: &[(0, Fault::Failing(0.33))],
        factors: EQUAL,
        rate: 600.0,
    },
    Scene {
        name: "all dead",
        faults: &[(ALL[0], Fault::Dead), (ALL[1], Fault::Dead), (ALL[2], Fault::Dead)],
        factors: EQUAL,
        rate: 600.0,
    },
];

impl Scene {
    /// Its course.
    pub fn schedule(&self) -> Schedule {
        let trouble = |(target, fault): &(usize, Fault)| Trouble {
            target: *target,
            fault: *fault,
            from: Duration::from_secs(10),
            until: Duration::from_secs(30),
        };
        Schedule {
            targets: self
                .factors
                .iter()
                .map(|factor| (Duration::from_millis(10).mul_f32(*factor), 8))
                .collect(),
            rate: self.rate,
            lasts: Duration::from_secs(40),
            troubles: self.faults.iter().map(trouble).collect(),
        }
    }
}

/// The edge as it is by default, with ejection and a breaker.
pub fn setup(method: Method) -> Setup {
    Setup {
        method,
        attempts: 2,
        first_byte: Duration::from_secs(1),
        outlier: Some(outlier::Terms {
            in_a_row: 5,
            ratio: 0.5,
            window: Duration::from_secs(10),
            min_requests: 20,
        }),
        breaker: Some(breaker::Terms {
            window: Duration::from_secs(10),
            min_requests: 20,
            error_ratio: 0.5,
            slow: None,
            open_for: Duration::from_secs(5),
            half_open_requests: 3,
            recovery: Duration::from_secs(5),
            max_requests: None,
        }),
        hedge: None,
    }
}

/// The same, and what takes longer than nineteen of twenty is hedged, one request of twenty at most.
pub fn hedging(method: Method) -> Setup {
    Setup {
        hedge: Some(hedge::Terms {
            after: hedge::After::Percentile(hedge::Percentile::P95),
            share: 0.05,
        }),
        ..setup(method)
    }
}
