//! Memory of refusals: until its retry-after a refused key is refused again without asking the store.

use super::{Decision, local::Shards};
use std::time::{Duration, Instant};

/// Refused keys and until when; bounded.
#[derive(Debug)]
pub struct Denied {
    until: Shards<Instant>,
}

impl Denied {
    /// Remembers at most about `capacity` keys.
    pub fn new(capacity: usize) -> Self {
        Self {
            until: Shards::new(capacity),
        }
    }

    /// Remembers a refusal; a decision that allowed is not remembered.
    pub fn remember(&self, key: &str, decision: &Decision, now: Instant) {
        if decision.allowed || decision.retry_after.is_zero() {
            return;
        }
        self.until.with(key, now, |until| {
            *until = Some(now + decision.retry_after);
            (now + decision.retry_after, ())
        });
    }

    /// Forgets every refusal: the limits they were judged by may have changed.
    pub fn forget(&self) {
        self.until.clear();
    }

    /// The refusal that still holds for this key, with what is left of its wait. A remembered refusal is not counted at
    /// the store again: a window's end does not move by it, and gcra never charges a refusal.
    pub fn check(&self, key: &str, now: Instant) -> Option<Decision> {
        let until = self.until.get(key)?;
        let left = until
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
        denied.remember("a", &refused, now);
        denied.remember(
            "b",
            &Decision {
                allowed: true,
                ..refused
            },
            now,
        );
        let later = denied.check("a", now + Duration::from_secs(4)).unwrap();
        assert_eq!((later.allowed, later.retry_after), (false, Duration::from_secs(6)));
        assert!(denied.check("a", now + wait).is_none());
        denied.forget();
        assert!(denied.check("a", now).is_none());
        assert!(denied.check("b", now).is_none());
    }
}
