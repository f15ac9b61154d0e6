//! How long somebody may be waited for who moves bytes: a floor under their rate, and a grace for those who stumble.

use std::time::Duration;

/// A floor: so many bytes a second, after a grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// Longest time that may be waited without the rate being kept.
    pub grace: Duration,
    /// Bytes a second, at least 1.
    pub rate: u64,
}

/// The time that is left. Waiting takes from it, bytes give back, and more than the grace is never saved up: so a peer that
/// keeps the rate is waited for without end, one that stands still for the grace, and one below the rate somewhat longer.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    left: Duration,
}

impl Pace {
    /// A new peer has the whole grace.
    pub const fn new(floor: Floor) -> Self {
        Self { left: floor.grace }
    }

    /// How long the peer may be waited for from now on. Zero: it is too slow.
    pub const fn left(&self) -> Duration {
        self.left
    }

    /// The peer was waited for. Time in which nothing was asked of it does not count.
    pub fn waited(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    /// The peer moved bytes.
    pub fn moved(&mut self, bytes: usize, floor: Floor) {
        let nanos = (bytes as u64).saturating_mul(1_000_000_000) / floor.rate.max(1);
        self.left = self.left.saturating_add(Duration::from_nanos(nanos)).min(floor.grace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FLOOR: Floor = Floor {
        grace: Duration::from_secs(10),
        rate: 1000,
    };

    #[test]
    fn a_peer_that_stands_still_has_the_grace() {
        let mut pace = Pace::new(FLOOR);
        pace.moved(1_000_000, FLOOR);
        assert_eq!(pace.left(), FLOOR.grace, "nothing is saved up");
        pace.waited(Duration::from_secs(10));
        assert_eq!(pace.left(), Duration::ZERO);
    }

    proptest! {
        /// Laws: who keeps the rate is never cut, who has half of it is cut within twice the grace.
        #[test]
        fn the_rate_decides(pieces in prop::collection::vec(1usize..5000, 1..200)) {
            let (mut good, mut bad) = (Pace::new(FLOOR), Pace::new(FLOOR));
            let mut time = Duration::ZERO;
            for bytes in pieces {
                let takes = Duration::from_millis(bytes as u64);
                good.waited(takes);
                prop_assert!(good.left() > Duration::ZERO);
                good.moved(bytes, FLOOR);
                bad.waited(takes * 2);
                time += takes * 2;
                if bad.left() > Duration::ZERO {
                    prop_assert!(time < FLOOR.grace * 2);
                    bad.moved(bytes, FLOOR);
                } else {
                    return Ok(());
                }
            }
        }
    }
}
