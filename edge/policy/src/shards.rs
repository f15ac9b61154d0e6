//! A map of bounded size from keys to states that end.

use foldhash::quality::RandomState;
use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasher, Hash},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

const SHARDS: usize = 16;

type Shard<K, T> = HashMap<K, (Instant, T), RandomState>;

/// Such a map in shards, so that two requests seldom meet at one lock.
#[derive(Debug)]
pub(crate) struct Shards<K, T> {
    shards: Vec<Mutex<Shard<K, T>>>,
    per_shard: usize,
    hasher: RandomState,
}

impl<K: Eq + Hash, T: Copy> Shards<K, T> {
    /// Holds at most about `capacity` keys; beyond it those that end soonest are forgotten.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            per_shard: capacity.div_ceil(SHARDS).max(1),
            hasher: RandomState::default(),
        }
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> MutexGuard<'_, Shard<K, T>> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        // A panic under the lock cannot leave half an entry: the map is used on.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            shard.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// What is kept of a key, over or not.
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<T>
    where
        K: Borrow<Q>,
    {
        self.shard(key).get(key).map(|(_, state)| *state)
    }

    /// Changes a key's state; `change` says when the state may be forgotten, and what comes of it.
    pub(crate) fn with<Q, R>(&self, key: &Q, now: Instant, change: impl FnOnce(&mut Option<T>) -> (Instant, R)) -> R
    where
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
        K: Borrow<Q>,
    {
        let mut shard = self.shard(key);
        if let Some(entry) = shard.get_mut(key) {
            let mut state = Some(entry.1);
            let (ends, result) = change(&mut state);
            if let Some(state) = state {
                *entry = (ends, state);
            }
            return result;
        }
        let mut state = None;
        let (ends, result) = change(&mut state);
        if let Some(state) = state {
            if shard.len() >= self.per_shard {
                make_room(&mut shard, now, self.per_shard);
            }
            shard.insert(key.to_owned(), (ends, state));
        }
        result
    }

    /// How many keys are kept.
    pub(crate) fn len(&self) -> usize {
        let len = |shard: &Mutex<Shard<K, T>>| shard.lock().unwrap_or_else(PoisonError::into_inner).len();
        self.shards.iter().map(len).sum()
    }
}

/// Drops what has ended; if that is not enough, the eighth that ends soonest. So a full map is swept once in many
/// insertions and not at each.
fn make_room<K, T>(shard: &mut Shard<K, T>, now: Instant, cap: usize) {
    shard.retain(|_, (ends, _)| *ends > now);
    if shard.len() < cap {
        return;
    }
    let mut ends: Vec<Instant> = shard.values().map(|(ends, _)| *ends).collect();
    let (_, pivot, _) = ends.select_nth_unstable(cap / 8);
    let pivot = *pivot;
    let mut left = cap / 8 + 1;
    shard.retain(|_, (ends, _)| {
        let drop = *ends <= pivot && left > 0;
        left -= usize::from(drop);
        !drop
    });
}
