//! How hard to try while the processors have little time: smaller answers are worth less than answers.

use std::{
    sync::atomic::{
        AtomicU64,
        Ordering::{AcqRel, Acquire, Release},
    },
    time::Duration,
};

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// As little as a coding can.
    Least,
    /// Half the level.
    Half,
    /// The level that is configured.
    Full,
}

/// From one measure to the next.
const PERIOD: Duration = Duration::from_millis(250);
/// A busier edge tries less, by a step at each measure.
const BUSY: f32 = 0.85;
/// Only well below it more is tried again, by a step after so many measures in a row: trying more makes it busier.
const CALM: f32 = 0.65;
const CALM_MEASURES: u64 = 4;

/// What the edge's own processor time says about it. Measured by whoever asks first after a period: nothing runs while nobody asks.
#[derive(Debug, Default)]
pub struct Pressure {
    /// From the top: milliseconds of the last measure (56 bits), calm measures in a row (6), steps below full effort (2).
    state: AtomicU64,
    /// Processor time at the last measure, microseconds.
    spent: AtomicU64,
}

impl Pressure {
    /// One that was never measured.
    pub const fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            spent: AtomicU64::new(0),
        }
    }

    /// How hard to try at `now`. `spent` reads the processor time that this process has used, on all `processors`; it is called once a
    /// period at most.
    pub fn effort(&self, now: Duration, processors: u32, spent: impl FnOnce() -> Duration) -> Effort {
        let state = self.state.load(Acquire);
        let since = now.saturating_sub(time(state));
        let claimed = since >= PERIOD && {
            // One of them measures; the others go by the last measure.
            let begun = pack(now, calm(state), below(state));
            self.state.compare_exchange(state, begun, AcqRel, Acquire).is_ok()
        };
        if !claimed {
            return effort(below(state));
        }
        let spent = u64::try_from(spent().as_micros()).unwrap_or(u64::MAX);
        let used = spent.saturating_sub(self.spent.swap(spent, AcqRel));
        let share = used as f32 / (since.as_micros() as f32 * processors.max(1) as f32);
        let (calm, below) = match share {
            _ if share >= BUSY => (0, (below(state) + 1).min(2)),
            _ if share > CALM || below(state) == 0 => (0, below(state)),
            _ if calm(state) + 1 >= CALM_MEASURES => (0, below(state) - 1),
            _ => (calm(state) + 1, below(state)),
        };
        self.state.store(pack(now, calm, below), Release);
        effort(below)
    }
}

fn effort(below: u64) -> Effort {
    match below {
        0 => Effort::Full,
        1 => Effort::Half,
        _ => Effort::Least,
    }
}

fn pack(now: Duration, calm: u64, below: u64) -> u64 {
    (now.as_millis() as u64) << 8 | calm << 2 | below
}

fn time(state: u64) -> Duration {
    Duration::from_millis(state >> 8)
}

fn calm(state: u64) -> u64 {
    state >> 2 & 0x3f
}

fn below(state: u64) -> u64 {
    state & 0x3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Efforts of an edge of two processors that is so busy, measure by measure.
    fn efforts(shares: &[f32]) -> Vec<Effort> {
        let pressure = Pressure::default();
        let (mut now, mut spent) = (Duration::ZERO, Duration::ZERO);
        let measure = |share: &f32| {
            now += PERIOD;
            spent += PERIOD.mul_f32(share * 2.0);
            pressure.effort(now, 2, || spent)
        };
        shares.iter().map(measure).collect()
    }

    #[test]
    fn a_busy_edge_tries_less_at_once_and_more_again_when_it_is_calm_for_a_while() {
        use Effort::{Full, Half, Least};
        assert_eq!(efforts(&[0.5, 0.9, 0.9, 0.99]), [Full, Half, Least, Least]);
        assert_eq!(
            efforts(&[0.9, 0.7, 0.7, 0.7, 0.7, 0.7]),
            [Half; 6],
            "in between nothing changes"
        );
        let calm = efforts(&[1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]);
        assert_eq!(calm[2..], [Least, Least, Least, Half, Half, Half, Half, Full, Full]);
    }

    #[test]
    fn the_clock_is_read_once_a_period() {
        let pressure = Pressure::default();
        let ask = |now, expected: bool| {
            let mut is_read = false;
            pressure.effort(Duration::from_millis(now), 1, || {
                is_read = true;
                Duration::ZERO
            });
            assert_eq!(is_read, expected, "{now}");
        };
        ask(100, false);
        ask(250, true);
        ask(499, false);
        ask(500, true);
    }
}
