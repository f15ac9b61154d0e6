//! Counting in this process, for when the store is away: the same rules, the same limits, bounded memory.

use super::{Algorithm, Decision, Gcra, Limit, Window};
use crate::shards::Shards;
use std::time::Instant;

#[derive(Debug, Clone, Copy)]
enum State {
    Window(Window),
    Gcra(Gcra),
}

/// Buckets of this edge alone.
#[derive(Debug)]
pub struct LocalCounters {
    buckets: Shards<String, State>,
}

impl LocalCounters {
    /// Holds at most about `capacity` keys; beyond it those whose state ends soonest are forgotten.
    pub fn new(capacity: usize) -> Self {
        Self {
            buckets: Shards::new(capacity),
        }
    }

    /// Takes note of what the store decided for `key`, so that counting goes on from there when the store goes away.
    pub fn learn(&self, limit: &Limit, key: &str, decision: &Decision, now: Instant) {
        self.buckets.with(key, now, |state| match limit.algorithm {
            Algorithm::Window => {
                let bucket = if let Some(State::Window(window)) = *state {
                    Some(window)
                } else {
                    None
                };
                let window = Window::learn(bucket, limit, decision, now);
                *state = Some(State::Window(window));
                (window.ends(), ())
            }
            Algorithm::Gcra => {
                let bucket = if let Some(State::Gcra(gcra)) = *state {
                    Some(gcra)
                } else {
                    None
                };
                let gcra = Gcra::learn(bucket, decision, now);
                *state = Some(State::Gcra(gcra));
                (gcra.ends(), ())
            }
        });
    }

    /// Counts one request on `key`, see [`super::Keys`].
    pub fn hit(&self, limit: &Limit, key: &str, now: Instant) -> Decision {
        self.buckets.with(key, now, |state| {
            let (decision, ends) = hit(state, limit, now);
            (ends, decision)
        })
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What [`LocalCounters::hit`] would say. Nothing is counted.
    pub fn peek(&self, limit: &Limit, key: &str, now: Instant) -> Decision {
        hit(&mut self.buckets.get(key), limit, now).0
    }
}

/// Counts one request; tells also when the state may be forgotten.
fn hit(state: &mut Option<State>, limit: &Limit, now: Instant) -> (Decision, Instant) {
    match limit.algorithm {
        Algorithm::Window => {
            let mut bucket = if let Some(State::Window(window)) = *state {
                Some(window)
            } else {
                None
            };
            let made = Window::hit(&mut bucket, limit, now);
            *state = bucket.map(State::Window);
            (made, bucket.map_or(now, |window| window.ends()))
        }
        Algorithm::Gcra => {
            let mut bucket = if let Some(State::Gcra(gcra)) = *state {
                Some(gcra)
            } else {
                None
            };
            let made = Gcra::hit(&mut bucket, limit, now);
            *state = bucket.map(State::Gcra);
            (made, bucket.map_or(now, |gcra| gcra.ends()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::{OnStoreFailure, Part, Rate};
    use std::time::Duration;

    fn limit(algorithm: Algorithm) -> Limit {
        Limit {
            name: "test".into(),
            key: Part::ClientIp.into(),
            when: None,
            cost: 1,
            rate: Rate {
                count: 3,
                per: Duration::from_secs(60),
            },
            burst: 3,
            algorithm,
            on_store_failure: OnStoreFailure::Local,
        }
    }

    #[test]
    fn counts_each_key_by_the_limits_own_rule() {
        for algorithm in [Algorithm::Window, Algorithm::Gcra] {
            let (counters, limit, now) = (LocalCounters::new(100), limit(algorithm), Instant::now());
            for key in ["a", "b"] {
                let passed = (0..5).filter(|_| counters.hit(&limit, key, now).allowed).count();
                assert_eq!(passed, 3, "{algorithm:?}");
            }
        }
    }

    #[test]
    fn a_look_says_what_the_next_request_is_told_and_counts_nothing() {
        for algorithm in [Algorithm::Window, Algorithm::Gcra] {
            let (counters, limit, now) = (LocalCounters::new(100), limit(algorithm), Instant::now());
            for _ in 0..5 {
                let seen = [counters.peek(&limit, "a", now), counters.peek(&limit, "a", now)];
                assert_eq!(seen, [counters.hit(&limit, "a", now); 2], "{algorithm:?}");
            }
        }
    }

    #[test]
    fn counting_goes_on_from_what_the_store_decided() {
        for algorithm in [Algorithm::Window, Algorithm::Gcra] {
            let (store, edge) = (LocalCounters::new(100), LocalCounters::new(100));
            let (limit, now) = (limit(algorithm), Instant::now());
            let decisions = [store.hit(&limit, "a", now), store.hit(&limit, "a", now)];
            // Answers overtake each other; the fuller bucket counts.
            for decision in decisions.iter().rev() {
                edge.learn(&limit, "a", decision, now);
            }
            let later = now + Duration::from_millis(1);
            let passed = (0..5).filter(|_| edge.hit(&limit, "a", later).allowed).count();
            assert_eq!(passed, 1, "{algorithm:?}");
        }
    }

    #[test]
    fn memory_stays_bounded_and_a_flood_of_keys_drops_those_that_end_soonest() {
        let (counters, limit, now) = (LocalCounters::new(1600), limit(Algorithm::Window), Instant::now());
        for n in 0..20_000u64 {
            counters.hit(&limit, &format!("key-{n}"), now + Duration::from_millis(n));
        }
        assert!(counters.buckets.len() <= 1600, "{}", counters.buckets.len());
        let late = now + Duration::from_millis(20_000);
        assert_eq!(
            counters.hit(&limit, "key-19999", late).remaining,
            1,
            "the latest is remembered"
        );
        assert_eq!(counters.hit(&limit, "key-0", late).remaining, 2, "the oldest is not");
    }

    #[test]
    fn what_has_ended_makes_room_first() {
        let (counters, limit, now) = (LocalCounters::new(160), limit(Algorithm::Window), Instant::now());
        for n in 0..1000 {
            counters.hit(&limit, &format!("old-{n}"), now);
        }
        let later = now + Duration::from_secs(61);
        for n in 0..1000 {
            counters.hit(&limit, &format!("new-{n}"), later);
        }
        assert!(counters.buckets.len() <= 160);
        assert!(counters.buckets.get("old-1").is_none());
    }
}
