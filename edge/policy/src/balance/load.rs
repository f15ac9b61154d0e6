//! How busy a target is, and how long it takes: kept by its answers, read by every choice.

use std::{
    sync::atomic::{
        AtomicU32, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    time::Duration,
};

/// In this time an old latency loses two thirds of its weight.
const DECAY_MS: f32 = 5_000.0;
/// A failure counts as an answer that took this many times as long as usual,
const FAILURE_FACTOR: f32 = 10.0;
/// between these bounds, microseconds.
const FAILURE_US: (f32, f32) = (50_000.0, 2_000_000.0);
/// What a target costs that works on its first requests ever: more than any that has answered.
const UNKNOWN_US: f32 = 60_000_000.0;

/// Requests under way, and a peak-sensitive moving average of latency: a slow answer counts at once and in full, fast ones win
/// back trust with time. All of it in two atomics.
#[derive(Debug, Default)]
pub struct Load {
    in_flight: AtomicU32,
    /// Upper half: when it was measured, milliseconds of the clock. Lower half: microseconds, as `f32`. 0: never.
    latency: AtomicU64,
}

fn stamp(now: Duration) -> u32 {
    now.as_millis() as u32
}

fn unpack(packed: u64) -> (u32, f32) {
    ((packed >> 32) as u32, f32::from_bits(packed as u32))
}

fn pack(stamp: u32, us: f32) -> u64 {
    // Above 0, so that what was measured differs from what never was.
    u64::from(stamp) << 32 | u64::from(us.max(1.0).to_bits())
}

impl Load {
    /// A request begins.
    pub fn enter(&self) {
        self.in_flight.fetch_add(1, AcqRel);
    }

    /// It is over.
    pub fn leave(&self) {
        self.in_flight.fetch_sub(1, AcqRel);
    }

    /// Requests under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Acquire)
    }

    /// Its latency as it is expected now; `None` before the first answer. What was measured long ago counts less and less.
    pub fn latency(&self, now: Duration) -> Option<Duration> {
        let us = self.latency_us(now);
        (us > 0.0).then(|| Duration::from_secs_f32(us / 1e6))
    }

    fn latency_us(&self, now: Duration) -> f32 {
        match self.latency.load(Relaxed) {
            0 => 0.0,
            packed => {
                let (at, us) = unpack(packed);
                us * fading(at, stamp(now))
            }
        }
    }

    /// What one more request would cost there, microseconds: its latency times all that would wait for it. `share` is its weight relative to
    /// the lightest target's.
    pub fn cost(&self, now: Duration, share: f32) -> f32 {
        let (waiting, us) = (self.in_flight(), self.latency_us(now));
        if us == 0.0 && waiting > 0 {
            // One at a time until it is known, so that a new target is not flooded.
            return UNKNOWN_US + waiting as f32;
        }
        us * (waiting as f32 / share + 1.0)
    }

    /// An answer came after this time.
    pub fn answered(&self, took: Duration, now: Duration) {
        self.observe(stamp(now), |_| took.as_micros() as f32);
    }

    /// Nobody waited for its answer longer than this, as another target's was there. It is at least as slow as that, and never looks
    /// faster for it.
    pub fn overtaken(&self, took: Duration, now: Duration) {
        if took.as_micros() as f32 > self.latency_us(now) {
            self.answered(took, now);
        }
    }

    /// A try failed after this time. A target that fails fast must not look like the best one.
    pub fn failed(&self, took: Duration, now: Duration) {
        let (least, most) = FAILURE_US;
        self.observe(stamp(now), |known| {
            (known * FAILURE_FACTOR).clamp(least, most).max(took.as_micros() as f32)
        });
    }

    fn observe(&self, now: u32, us: impl Fn(f32) -> f32) {
        let next = |packed| {
            let (at, known) = unpack(packed);
            let us = us(known);
            if packed == 0 || us > known {
                return Some(pack(now, us));
            }
            // Within the same millisecond nothing fades, and one sample does for all.
            (at != now).then(|| {
                let fading = fading(at, now);
                pack(now, known * fading + us * (1.0 - fading))
            })
        };
        // Whoever loses the race here loses one sample of many.
        let _ = self.latency.fetch_update(Relaxed, Relaxed, next);
    }
}

/// What is left of a value after this time. The clock wraps after 49 days.
fn fading(at: u32, now: u32) -> f32 {
    let elapsed = now.wrapping_sub(at);
    // Another thread's clock was read a moment later.
    if elapsed > u32::MAX / 2 {
        1.0
    } else {
        (-(elapsed as f32) / DECAY_MS).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_peak_counts_at_once_and_is_forgiven_with_time() {
        let load = Load::default();
        assert_eq!(load.latency(ms(0)), None);
        load.answered(ms(10), ms(0));
        load.answered(ms(500), ms(1));
        assert_eq!(load.latency(ms(1)), Some(ms(500)));
        (2..20_000).for_each(|at| load.answered(ms(10), ms(at)));
        let later = load.latency(ms(20_000)).unwrap();
        assert!(later > ms(9) && later < ms(25), "{later:?}");
    }

    #[test]
    fn many_answers_a_millisecond_do_not_hold_an_old_peak() {
        let load = Load::default();
        load.answered(ms(500), ms(0));
        for at in 0..200_000u64 {
            load.answered(ms(10), Duration::from_micros(at * 100));
        }
        assert!(load.latency(ms(20_000)).unwrap() < ms(25));
    }

    #[test]
    fn a_new_target_gets_one_request_until_it_answers() {
        let (new, known) = (Load::default(), Load::default());
        known.answered(ms(300), ms(0));
        assert!(new.cost(ms(1), 1.0) < known.cost(ms(1), 1.0));
        new.enter();
        (0..100).for_each(|_| known.enter());
        assert!(new.cost(ms(1), 1.0) > known.cost(ms(1), 1.0));
        new.leave();
        assert_eq!(new.in_flight(), 0);
    }

    #[test]
    fn one_that_was_overtaken_feels_it_and_gains_nothing_by_it() {
        let load = Load::default();
        load.answered(ms(10), ms(0));
        load.overtaken(ms(500), ms(1));
        assert_eq!(load.latency(ms(1)), Some(ms(500)));
        load.overtaken(ms(5), ms(1));
        assert_eq!(load.latency(ms(1)), Some(ms(500)));
        // Forgiven in part, and found slow again.
        let before = load.latency(ms(5_000)).unwrap();
        load.overtaken(ms(400), ms(5_000));
        assert!(before < ms(200) && load.latency(ms(5_000)).unwrap() > before);
    }

    proptest! {
        /// Law: the expected latency is never above the largest that was measured, and a failure costs more than an answer.
        #[test]
        fn it_stays_within_what_was_seen(samples in prop::collection::vec((0u64..2_000, 1u64..3_000), 1..100)) {
            let load = Load::default();
            let (mut now, mut most) = (0, 0);
            for (step, took) in samples {
                now += step;
                most = most.max(took);
                load.answered(ms(took), ms(now));
                let known = load.latency(ms(now)).unwrap();
                prop_assert!(known <= ms(most) + ms(1));
                prop_assert!(known + ms(1) >= ms(took).min(known));
            }
            let before = load.latency(ms(now)).unwrap();
            load.failed(ms(0), ms(now));
            prop_assert!(load.latency(ms(now)).unwrap() >= before.max(ms(49)));
        }
    }
}
