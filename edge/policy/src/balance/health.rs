//! Whether a target is healthy: so many failures in a row make it sick, so many successes well again.

use std::sync::atomic::{AtomicU32, Ordering};

/// How many results in a row change the verdict; at least 1 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Successes that make a target healthy.
    pub healthy: u32,
    /// Failures that make it unhealthy.
    pub unhealthy: u32,
}

const SICK: u32 = 1 << 31;
const SEEN: u32 = 1 << 30;
const STREAK: u32 = SEEN - 1;

/// A target's health: read by every request, written by its prober. A target never probed counts as healthy, and the
/// first probe decides alone: an edge that starts beside a dead target must not send it requests for long. Thresholds may
/// change from one result to the next; the row that was begun goes on.
#[derive(Debug, Default)]
pub struct Health {
    /// Verdict, whether it was ever probed, and the results in a row that contradict the verdict.
    state: AtomicU32,
}

impl Health {
    /// Whether requests may go there.
    pub fn is_healthy(&self) -> bool {
        self.state.load(Ordering::Relaxed) & SICK == 0
    }

    /// Notes a probe's result; tells the new verdict if it changed.
    pub fn observe(&self, ok: bool, thresholds: Thresholds) -> Option<bool> {
        let next = |state| Some(step(state, ok, thresholds));
        let before = match self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
            Ok(before) | Err(before) => before,
        };
        let after = step(before, ok, thresholds);
        ((before ^ after) & SICK != 0).then_some(after & SICK == 0)
    }

    /// Forgets what probes found, because nobody probes any more.
    pub fn forget(&self) {
        self.state.store(0, Ordering::Relaxed);
    }
}

fn step(state: u32, ok: bool, thresholds: Thresholds) -> u32 {
    let healthy = state & SICK == 0;
    let verdict = |healthy: bool| SEEN | if healthy { 0 } else { SICK };
    if ok == healthy {
        return verdict(healthy);
    }
    let streak = (state & STREAK) + 1;
    let needed = if healthy {
        thresholds.unhealthy
    } else {
        thresholds.healthy
    };
    if state & SEEN == 0 || streak >= needed {
        verdict(ok)
    } else {
        verdict(healthy) | streak.min(STREAK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_probe_decides_then_thresholds_do() {
        let thresholds = Thresholds {
            healthy: 2,
            unhealthy: 3,
        };
        let health = Health::default();
        let observe = |ok| health.observe(ok, thresholds);
        assert!(health.is_healthy());
        assert_eq!(observe(false), Some(false));
        assert_eq!(observe(true), None);
        assert_eq!(observe(false), None, "the row is broken");
        assert_eq!(observe(true), None);
        assert_eq!(observe(true), Some(true));
        for ok in [false, false, true, false, false] {
            assert_eq!(observe(ok), None);
        }
        assert_eq!(observe(false), Some(false));
        health.forget();
        assert!(health.is_healthy());
        assert_eq!(observe(false), Some(false), "as if it had never been probed");
    }

    #[test]
    fn new_thresholds_count_from_the_next_result_on() {
        let health = Health::default();
        let thresholds = |unhealthy| Thresholds { healthy: 1, unhealthy };
        health.observe(true, thresholds(5));
        assert_eq!(health.observe(false, thresholds(5)), None);
        assert_eq!(health.observe(false, thresholds(2)), Some(false));
    }

    proptest! {
        /// Law: after the first probe the verdict turns only by that many equal results in a row, and then always.
        #[test]
        fn turns_exactly_at_the_threshold(healthy in 1u32..5, unhealthy in 1u32..5, results in prop::collection::vec(any::<bool>(), 1..200)) {
            let health = Health::default();
            let (mut verdict, mut row) = (true, 0u32);
            for (n, ok) in results.into_iter().enumerate() {
                row = if ok == verdict { 0 } else { row + 1 };
                let needed = if verdict { unhealthy } else { healthy };
                let turned = ok != verdict && (n == 0 || row >= needed);
                if turned { verdict = ok; row = 0; }
                prop_assert_eq!(health.observe(ok, Thresholds { healthy, unhealthy }), turned.then_some(ok));
                prop_assert_eq!(health.is_healthy(), verdict);
            }
        }
    }
}
