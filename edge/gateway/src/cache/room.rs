//! Room for answers on their way: memory that the store does not count yet.

use std::sync::{
    Arc,
    atomic::{
        AtomicU64,
        Ordering::{AcqRel, Acquire},
    },
};

/// All of it.
#[derive(Debug)]
pub(super) struct Rooms {
    used: AtomicU64,
    most: u64,
}

impl Rooms {
    /// So many bytes.
    pub(super) fn new(most: u64) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicU64::new(0),
            most,
        })
    }

    /// Keeps so many bytes of it, if there are so many.
    pub(super) fn take(self: &Arc<Self>, bytes: u64) -> Option<Room> {
        let room = Room {
            rooms: Arc::clone(self),
            held: AtomicU64::new(0),
        };
        room.grow_to(bytes).then_some(room)
    }

    /// How many are kept.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Acquire)
    }
}

/// A part that is kept for one answer, until it is given back or dropped.
#[derive(Debug)]
pub(crate) struct Room {
    rooms: Arc<Rooms>,
    held: AtomicU64,
}

impl Room {
    /// Keeps so many bytes in all, or as many as before if there are not so many.
    pub(super) fn grow_to(&self, bytes: u64) -> bool {
        let more = bytes.saturating_sub(self.held.load(Acquire));
        let fits = |used: u64| used.checked_add(more).filter(|used| *used <= self.rooms.most);
        let grown = more == 0 || self.rooms.used.fetch_update(AcqRel, Acquire, fits).is_ok();
        if grown {
            self.held.fetch_add(more, AcqRel);
        }
        grown
    }

    /// Gives all of it back.
    pub(super) fn give_back(&self) {
        let held = self.held.swap(0, AcqRel);
        self.rooms.used.fetch_sub(held, AcqRel);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_more_is_kept_than_there_is() {
        let rooms = Rooms::new(100);
        let one = rooms.take(60).unwrap();
        assert!(rooms.take(41).is_none() && rooms.used() == 60);
        let other = rooms.take(10).unwrap();
        assert!(other.grow_to(40) && !other.grow_to(41) && rooms.used() == 100);
        one.give_back();
        one.give_back();
        assert!(other.grow_to(100) && rooms.used() == 100);
        drop((one, other));
        assert_eq!(rooms.used(), 0);
    }
}
