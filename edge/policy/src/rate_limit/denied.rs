//! Memory of refusals: until its retry-after a refused key is refused again without asking the store.

use super::Decision;
use crate::shards::Shards;
use std::time::{Duration, Instant};

/// Refused keys and until when; bounded.
#[derive(Debug)]
pub struct Denied {
    refusals: Shards<String, Refusal>,
}

/// What costs as much or more is refused until then.
#[derive(Debug, Clone, Copy)]
struct Refusal {
    cost: u32,
    until: Instant,
}

impl Denied {
    /// Remembers at most about `capacity` keys.
    pub fn new(capacity: usize) -> Self {
        Self {
            refusals: Shards::new(capacity),
        }
    }

    /// Remembers the refusal of what costs so much; a decision that allowed is not remembered.
    pub fn remember(&self, key: &str, cost: u32, decision: &Decision, now: Instant) {
        if decision.allowed || decision.retry_after.is_zero() {
            return;
        }
        let until = now + decision.retry_after;
        self.refusals.with(key, now, |known| {
            // That of the cheaper one says more.
            let refusal = match *known {
                Some(known) if known.cost < cost && known.until > now => known,
                _ => Refusal { cost, until },
            };
            *known = Some(refusal);
            (refusal.until, ())
        });
    }

    /// How many refusals are remembered.
    pub fn len(&self) -> usize {
        self.refusals.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets every refusal: the limits they were judged by may have changed.
    pub fn forget(&self) {
        self.refusals.clear();
    }

    /// The refusal that still holds for this key, with what is left of its wait. A remembered refusal is not counted at
    /// the store again: a window's end does not move by it, and gcra never charges a refusal.
    pub fn check(&self, key: &str, cost: u32, now: Instant) -> Option<Decision> {
        let refusal = self.refusals.get(key).filter(|refusal| cost >= refusal.cost)?;
        let left = refusal
            .until
            .checked_duration_since(now)
            .filter(|left| *left > Duration::ZERO)?;
        Some(Decision {
            allowed: false,
            remaining: 0,
            reset: left,
            retry_after: left,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_until_the_wait_is_over() {
        let denied = Denied::new(100);
        let now = Instant::now();
        let wait = Duration::from_secs(10);
        let refused = Decision {
            allowed: false,
            remaining: 0,
            reset: wait,
            retry_after: wait,
        };
        denied.remember("a", 2, &refused, now);
        denied.remember(
            "b",
            1,
            &Decision {
                allowed: true,
                ..refused
            },
            now,
        );
        let later = denied.check("a", 2, now + Duration::from_secs(4)).unwrap();
        assert_eq!((later.allowed, later.retry_after), (false, Duration::from_secs(6)));
        assert!(denied.check("a", 2, now + wait).is_none());
        assert!(denied.check("a", 1, now).is_none(), "what costs less may pass");
        assert!(denied.check("a", 3, now).is_some());
        denied.remember("a", 5, &refused, now + Duration::from_secs(9));
        assert!(
            denied.check("a", 2, now + Duration::from_secs(9)).is_some(),
            "it says more"
        );
        denied.remember("a", 1, &refused, now);
        assert!(denied.check("a", 1, now).is_some());
        denied.forget();
        assert!(denied.check("a", 2, now).is_none());
        assert!(denied.check("b", 1, now).is_none());
    }
}
