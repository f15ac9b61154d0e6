//! All keys of an edge.

use super::{Ask, Grant, Lessee, Taken, Terms};
use crate::shards::Shards;
use std::time::Instant;

/// What an edge has borrowed, key by key; in bounded memory, in shards of their own locks.
#[derive(Debug)]
pub struct Lessees {
    kept: Shards<String, Lessee>,
}

impl Lessees {
    /// Remembers at most about `capacity` keys; beyond it those that end soonest go, with what they held.
    pub fn new(capacity: usize) -> Self {
        Self {
            kept: Shards::new(capacity),
        }
    }

    /// As [`Lessee::take`].
    pub fn take(&self, key: &str, terms: &Terms, fleet: u32, now: Instant) -> Taken {
        self.with(key, now, |lessee| lessee.take(terms, fleet, now))
    }

    /// As [`Lessee::take_again`].
    pub fn take_again(&self, key: &str, terms: &Terms, fleet: u32, now: Instant) -> Taken {
        self.with(key, now, |lessee| lessee.take_again(terms, fleet, now))
    }

    /// What [`Lessees::take`] would say. Nothing is taken.
    pub fn peek(&self, key: &str, terms: &Terms, fleet: u32, now: Instant) -> Taken {
        let mut lessee = self.kept.get(key).unwrap_or_else(|| Lessee::new(now));
        lessee.take(terms, fleet, now)
    }

    /// As [`Lessee::ask`].
    pub fn ask(&self, key: &str, terms: &Terms, fleet: u32, now: Instant) -> Ask {
        self.with(key, now, |lessee| lessee.ask(terms, fleet, now))
    }

    /// As [`Lessee::settle`]; tells until when the key holds something.
    pub fn settle(
        &self,
        key: &str,
        terms: &Terms,
        fleet: u32,
        (ask, grant): (&Ask, &Grant),
        now: Instant,
    ) -> Option<Instant> {
        self.with(key, now, |lessee| {
            lessee.settle(terms, fleet, ask, grant, now);
            lessee.holds_until()
        })
    }

    /// As [`Lessee::unanswered`].
    pub fn unanswered(&self, key: &str, now: Instant) {
        self.with(key, now, |lessee| lessee.unanswered(now));
    }

    /// As [`Lessee::not_asked`].
    pub fn not_asked(&self, key: &str, now: Instant) {
        self.with(key, now, Lessee::not_asked);
    }

    /// As [`Lessee::goes_alone`].
    pub fn goes_alone(&self, key: &str, now: Instant) {
        self.with(key, now, |lessee| lessee.goes_alone(now));
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all, what was borrowed too: the limits it was borrowed under may have changed.
    pub fn forget(&self) {
        self.kept.clear();
    }

    fn with<R>(&self, key: &str, now: Instant, change: impl FnOnce(&mut Lessee) -> R) -> R {
        self.kept.with(key, now, |kept| {
            let lessee = kept.get_or_insert_with(|| Lessee::new(now));
            let result = change(lessee);
            (lessee.ends(), result)
        })
    }
}
