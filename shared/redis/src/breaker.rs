//! A tiny breaker: after a failure, or a row of late answers, calls fail at once for a while; then one is let through
//! to probe.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Late answers in a row that count as a failure.
const LATE_IN_A_ROW: u32 = 3;

/// State as one number: until when calls are refused, in milliseconds since `start`; 0 means closed.
#[derive(Debug)]
pub(crate) struct Breaker {
    start: Instant,
    refused_until: AtomicU64,
    late: AtomicU32,
    cool_down: u64,
}

impl Breaker {
    pub(crate) fn new(cool_down: Duration) -> Self {
        let cool_down = u64::try_from(cool_down.as_millis()).unwrap_or(u64::MAX);
        Self {
            start: Instant::now(),
            refused_until: AtomicU64::new(0),
            late: AtomicU32::new(0),
            cool_down,
        }
    }

    /// True if a call may go on. While failed, one call per cool-down may.
    pub(crate) fn admits(&self) -> bool {
        let until = self.refused_until.load(Ordering::Relaxed);
        if until == 0 {
            return true;
        }
        let now = self.now();
        if now < until {
            return false;
        }
        // Whoever moves the time on is the probe; the others keep failing fast until it has an answer.
        let next = now + self.cool_down;
        self.refused_until
            .compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Redis answered. True if it had been failing.
    pub(crate) fn succeeded(&self) -> bool {
        if self.late.load(Ordering::Relaxed) != 0 {
            self.late.store(0, Ordering::Relaxed);
        }
        self.refused_until.load(Ordering::Relaxed) != 0 && self.refused_until.swap(0, Ordering::Relaxed) != 0
    }

    /// Redis did not answer in time. True if that makes a failure, and is news.
    pub(crate) fn late(&self) -> bool {
        let row = self.late.fetch_add(1, Ordering::Relaxed) + 1;
        let probing = self.refused_until.load(Ordering::Relaxed) != 0;
        (probing || row >= LATE_IN_A_ROW) && self.failed()
    }

    /// Redis did not answer. True if this is news.
    pub(crate) fn failed(&self) -> bool {
        self.refused_until.swap(self.now() + self.cool_down, Ordering::Relaxed) == 0
    }

    fn now(&self) -> u64 {
        // Never 0, which means closed.
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_probe_per_cool_down() {
        let breaker = Breaker::new(Duration::from_millis(500));
        assert!(breaker.admits() && breaker.admits());
        assert!(breaker.failed());
        assert!(!breaker.admits());
        tokio::time::advance(Duration::from_millis(501)).await;
        assert!(breaker.admits());
        assert!(!breaker.admits(), "only one probes");
        assert!(!breaker.failed(), "no news");
        tokio::time::advance(Duration::from_millis(501)).await;
        assert!(breaker.admits());
        assert!(breaker.succeeded());
        assert!(breaker.admits() && breaker.admits());
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_of_late_answers_is_a_failure() {
        let breaker = Breaker::new(Duration::from_millis(500));
        assert!(!breaker.late() && !breaker.late());
        breaker.succeeded();
        assert!(!breaker.late() && !breaker.late() && breaker.admits());
        assert!(breaker.late());
        assert!(!breaker.admits());
        tokio::time::advance(Duration::from_millis(501)).await;
        assert!(breaker.admits());
        assert!(!breaker.late(), "the probe was late too: no news");
        assert!(!breaker.admits());
    }
}
