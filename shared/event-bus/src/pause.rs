//! Pauses between attempts: they double, and are drawn so that many who failed together do not come back together.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// A growing pause.
#[derive(Debug)]
pub(crate) struct Pause {
    first: Duration,
    next: Duration,
}

impl Pause {
    pub(crate) fn new(first: Duration) -> Self {
        Self { first, next: first }
    }

    /// Begins small again, after a success.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }

    /// The next pause: between half of the current length and all of it.
    pub(crate) fn next(&mut self) -> Duration {
        let current = self.next.min(LONGEST);
        self.next = (current * 2).min(LONGEST);
        // Each `RandomState` has other keys: random enough to spread out.
        let random = RandomState::new().hash_one(0_u8) % 1_000;
        current / 2 + current.mul_f64(random as f64 / 2_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_a_bound_and_starts_over() {
        let mut pause = Pause::new(Duration::from_millis(100));
        let first = pause.next();
        assert!(first >= Duration::from_millis(50) && first <= Duration::from_millis(100));
        let last = (0..20).map(|_| pause.next()).last().unwrap();
        assert!(last >= LONGEST / 2 && last <= LONGEST);
        pause.reset();
        assert!(pause.next() <= Duration::from_millis(100));
    }
}
