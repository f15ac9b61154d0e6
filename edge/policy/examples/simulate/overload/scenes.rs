//! What is tried out: services of several kinds, asked for a third and for three times what they can.

use super::{Service, Times};
use edge_policy::shed::Bounds;
use std::{borrow::Cow, time::Duration};

/// A while in which nothing changes.
#[derive(Debug, Clone, Copy)]
pub struct Phase {
    pub name: &'static str,
    pub lasts: Duration,
    /// What is asked for, as a share of what the service can do at its best.
    pub load: f32,
    /// How many times as long the service takes; infinite: it stands still.
    pub slower: f32,
    /// What is not looked at from its beginning.
    pub settles: Duration,
}

/// A service, and what happens to it.
#[derive(Debug, Clone)]
pub struct Scene {
    pub name: &'static str,
    pub service: Service,
    pub bounds: Bounds,
    /// One after the other.
    pub phases: Cow<'static, [Phase]>,
}

const fn phase(name: &'static str, seconds: u64, load: f32) -> Phase {
    Phase {
        name,
        lasts: Duration::from_secs(seconds),
        load,
        slower: 1.0,
        settles: Duration::from_secs(10),
    }
}

impl Phase {
    const fn slower(self, slower: f32) -> Self {
        Self { slower, ..self }
    }

    const fn seen_at_once(self) -> Self {
        Self {
            settles: Duration::ZERO,
            ..self
        }
    }
}

const QUIET: Phase = phase("0.3x", 60, 0.3);
const AFTER: Phase = phase("0.3x again", 30, 0.3);
/// A quiet time, then far too much for long.
const LONG: &[Phase] = &[
    QUIET,
    phase("3x, first 10 s", 10, 3.0).seen_at_once(),
    phase("3x", 180, 3.0),
    AFTER,
];
const AT_ONCE: &[Phase] = &[phase("3x, first 30 s", 30, 3.0).seen_at_once(), phase("3x", 120, 3.0)];
const SLOWER: &[Phase] = &[
    QUIET,
    phase("3x", 30, 3.0),
    phase("3x, 3 times slower", 60, 3.0).slower(3.0),
    phase("3x, as before", 60, 3.0),
];
const STALLED: &[Phase] = &[
    QUIET,
    phase("3x", 30, 3.0),
    phase("3x, stands still", 5, 3.0).slower(f32::INFINITY).seen_at_once(),
    phase("3x, goes on", 60, 3.0),
];

const fn service(workers: usize, ms: u64, times: Times) -> Service {
    Service {
        workers,
        mean: Duration::from_millis(ms),
        times,
        by_level: [1.0; 5],
    }
}

const EIGHT: Service = service(8, 40, Times::Even);

const fn scene(name: &'static str, service: Service, phases: &'static [Phase]) -> Scene {
    Scene {
        name,
        service,
        bounds: Bounds { min: 4, max: 400 },
        phases: Cow::Borrowed(phases),
    }
}

/// All of them.
pub const SCENES: &[Scene] = &[
    scene("8 x 40 ms", EIGHT, LONG),
    scene("no two alike", service(8, 40, Times::Exponential), LONG),
    scene("some 10x longer", service(8, 40, Times::Skewed), LONG),
    scene(
        "writes 3x longer",
        Service {
            by_level: [1.0, 1.0, 3.0, 1.0, 1.0],
            ..EIGHT
        },
        LONG,
    ),
    scene("2 x 10 ms", service(2, 10, Times::Even), LONG),
    scene("64 x 20 ms", service(64, 20, Times::Exponential), LONG),
    scene("64 x 500 ms", service(64, 500, Times::Even), LONG),
    scene("no quiet time", EIGHT, AT_ONCE),
    scene("no quiet, unlike", service(8, 40, Times::Exponential), AT_ONCE),
    scene("becomes slower", EIGHT, SLOWER),
    scene("slower, unlike", service(8, 40, Times::Exponential), SLOWER),
    scene("stands still", EIGHT, STALLED),
];

impl Scene {
    /// The phase at a time; none after the last.
    pub fn phase(&self, now: Duration) -> Option<&Phase> {
        self.span(now).map(|(phase, _)| phase)
    }

    /// When a service that stands still goes on.
    pub fn stalled_until(&self, now: Duration) -> Option<Duration> {
        let (phase, until) = self.span(now)?;
        phase.slower.is_infinite().then_some(until)
    }

    fn span(&self, now: Duration) -> Option<(&Phase, Duration)> {
        let mut until = Duration::ZERO;
        self.phases.iter().find_map(|phase| {
            until += phase.lasts;
            (now < until).then_some((phase, until))
        })
    }

    /// The same service with little to do.
    pub fn undisturbed(&self) -> Self {
        Self {
            phases: Cow::Borrowed(&[QUIET]),
            ..self.clone()
        }
    }
}
