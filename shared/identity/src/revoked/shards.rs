//! A bounded map from ids to what is known of them.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

const SHARDS: usize = 16;

type Shard<T> = RwLock<HashMap<Box<str>, T>>;

/// What became of an addition.
#[derive(Debug, Default)]
pub(super) struct Put {
    /// Whether it says more than was known.
    pub(super) is_news: bool,
    /// How many others were dropped for it.
    pub(super) dropped: u64,
}

/// The map.
pub(super) struct Shards<T> {
    hasher: RandomState,
    shards: [Shard<T>; SHARDS],
    /// Entries in all; readers of an empty map look no further.
    len: AtomicUsize,
    per_shard: usize,
}

impl<T: Copy> Shards<T> {
    /// For at most about `capacity` entries.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| RwLock::default()),
            len: AtomicUsize::new(0),
            per_shard: capacity.div_ceil(SHARDS).max(1),
        }
    }

    fn shard(&self, id: &str) -> &Shard<T> {
        &self.shards[self.hasher.hash_one(id) as usize % SHARDS]
    }

    /// Adds what is known, or merges it with what was, where `merge` tells whether that is news; an empty id is none. A full
    /// shard drops an eighth before its time: those whose `until` comes first.
    pub(super) fn put(&self, id: &str, value: T, merge: impl Fn(&mut T, T) -> bool, until: impl Fn(&T) -> u64) -> Put {
        if id.is_empty() {
            return Put::default();
        }
        let mut shard = self.shard(id).write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = shard.get_mut(id) {
            return Put {
                is_news: merge(old, value),
                dropped: 0,
            };
        }
        let before = shard.len();
        if before >= self.per_shard {
            let mut ends: Vec<u64> = shard.values().map(&until).collect();
            let place = ends.len() / 8;
            let (_, first_kept, _) = ends.select_nth_unstable(place);
            let mut surplus = place + 1;
            let first_kept = *first_kept;
            shard.retain(|_, value| {
                let drop = until(value) <= first_kept && surplus > 0;
                surplus -= usize::from(drop);
                !drop
            });
        }
        let dropped = before - shard.len();
        shard.insert(id.into(), value);
        self.len.fetch_add(1, Relaxed);
        self.len.fetch_sub(dropped, Relaxed);
        Put {
            is_news: true,
            dropped: dropped as u64,
        }
    }

    /// What is known of it.
    pub(super) fn get(&self, id: &str) -> Option<T> {
        if self.len() == 0 {
            return None;
        }
        let shard = self.shard(id).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(id).copied()
    }

    /// Keeps what is wanted.
    pub(super) fn retain(&self, wanted: impl Fn(&T) -> bool) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            let before = shard.len();
            shard.retain(|_, value| wanted(value));
            self.len.fetch_sub(before - shard.len(), Relaxed);
        }
    }

    /// How many entries.
    pub(super) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_drops_those_that_end_first_and_says_how_many() {
        let map = Shards::new(1_600);
        let dropped: u64 = (0..10_000_u64)
            .map(|n| map.put(&format!("id-{n}"), n, |_, _| false, |until| *until).dropped)
            .sum();
        assert!(map.len() <= 1_600, "{}", map.len());
        assert_eq!(dropped as usize + map.len(), 10_000);
        assert_eq!(map.get("id-9999"), Some(9_999));
        assert_eq!(map.get("id-0"), None);
        map.retain(|until| *until > 9_998);
        assert_eq!(map.len(), 1);
    }
}
