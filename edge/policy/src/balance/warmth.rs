//! Slow start: a target that is new, or back, takes part of its share at first, so that cold caches are not met by full load.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// What it takes at the very beginning.
const LEAST: f32 = 0.1;

/// Since when a target warms up.
#[derive(Debug, Default)]
pub struct Warmth {
    /// Milliseconds of the clock, plus one; 0: it is warm.
    since: AtomicU64,
}

impl Warmth {
    /// It begins anew, at `now` or at a later time.
    pub fn begin(&self, now: Duration) {
        self.since.store(now.as_millis() as u64 + 1, Relaxed);
    }

    /// The part of its share that it takes, 0.1 to 1, where warming up takes `over`.
    pub fn part(&self, now: Duration, over: Duration) -> f32 {
        let since = self.since.load(Relaxed);
        if since == 0 || over.is_zero() {
            return 1.0;
        }
        let elapsed = now.saturating_sub(Duration::from_millis(since - 1));
        if elapsed >= over {
            return 1.0;
        }
        LEAST + (1.0 - LEAST) * elapsed.as_secs_f32() / over.as_secs_f32()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Law: the part grows from a tenth to all of it, and stays there.
        #[test]
        fn it_only_grows(began in 0u64..100_000, mut steps in prop::collection::vec(0u64..30_000, 1..20), over in 1u64..20_000) {
            let warmth = Warmth::default();
            let over = Duration::from_millis(over);
            let part = |after: u64| warmth.part(Duration::from_millis(began + after), over);
            prop_assert_eq!(part(0), 1.0);
            warmth.begin(Duration::from_millis(began));
            prop_assert_eq!(part(0), LEAST);
            steps.sort_unstable();
            let parts: Vec<f32> = steps.iter().map(|step| part(*step)).collect();
            prop_assert!(parts.is_sorted());
            prop_assert!(parts.iter().all(|part| (LEAST..=1.0).contains(part)));
            prop_assert_eq!(part(over.as_millis() as u64), 1.0);
            prop_assert_eq!(warmth.part(Duration::ZERO, Duration::ZERO), 1.0);
        }
    }
}
