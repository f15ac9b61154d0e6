//! A retry budget: retries are a share of requests, so that a service in trouble is not asked twice as much for it.

use crate::window::Window;
use std::time::Duration;

/// Over this time retries are compared with requests: long enough for the burst that a lost target leaves behind.
const OVER: Duration = Duration::from_secs(10);
/// So many a second are always allowed: a share of a few requests would be none.
const FLOOR: u64 = 3;

/// The requests and retries of one upstream.
#[derive(Debug, Default)]
pub struct Budget {
    counts: Window<2>,
}

const REQUESTS: usize = 0;
const RETRIES: usize = 1;

impl Budget {
    /// A request's first try.
    pub fn request(&self, now: Duration) {
        self.counts.add(now, OVER, &[REQUESTS]);
    }

    /// Whether one more retry is within `share` of the requests of the last 10 s, or among the first three of this second. It is
    /// counted if so.
    pub fn retry(&self, share: f32, now: Duration) -> bool {
        let [requests, retries] = self.counts.sums(now, OVER);
        // Many who ask at the very same time may overdraw it by one each.
        let is_within =
            ((retries + 1) as f32) <= requests as f32 * share || self.counts.newest(now, OVER)[RETRIES] < FLOOR;
        if is_within {
            self.counts.add(now, OVER, &[RETRIES]);
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Law: whatever fails, there are no more retries than the share of requests and the floor allow.
        #[test]
        fn retries_are_bounded(rate in 1u64..200, seconds in 1u64..30, tries in 1u32..5) {
            let budget = Budget::default();
            let (mut requests, mut retries) = (0u64, 0u64);
            for at in 0..rate * seconds {
                let now = Duration::from_micros(at * 1_000_000 / rate);
                budget.request(now);
                requests += 1;
                for _ in 1..tries {
                    if !budget.retry(0.2, now) { break; }
                    retries += 1;
                }
            }
            let floor = FLOOR * seconds;
            prop_assert!(retries <= requests / 5 + floor, "{retries} retries, {requests} requests");
            if rate >= 60 && seconds >= 2 {
                prop_assert!((requests + retries) as f32 <= 1.25 * requests as f32, "{requests} {retries}");
            }
        }
    }

    #[test]
    fn a_few_are_allowed_however_few_requests_there_are() {
        let budget = Budget::default();
        let all: Vec<bool> = (0..5).map(|_| budget.retry(0.2, Duration::from_secs(7))).collect();
        assert_eq!(all, [true, true, true, false, false]);
        assert!(budget.retry(0.2, Duration::from_secs(8)));
    }
}
