//! What is known of tokens, for a while.

use crate::Digest;
use std::sync::{
    PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// Entries that share a lock. Few, so that looking through them costs nothing and a lock is never held long.
const WAYS: usize = 8;

/// A bounded map with an end for each entry. It is cut into many small pieces: readers of one meet a writer of the same piece
/// only, and making room costs a look at eight entries, however many there are.
pub(crate) struct Cache<V> {
    pieces: Box<[RwLock<Vec<Entry<V>>>]>,
}

struct Entry<V> {
    digest: Digest,
    /// Seconds since the Unix epoch at which it counts no more.
    until: u64,
    /// Found since room was last wanted here.
    used: AtomicBool,
    value: V,
}

impl<V> Cache<V> {
    /// For at least this many entries, and at most twice as many or eight; 0 remembers nothing.
    pub(crate) fn new(capacity: usize) -> Self {
        let pieces = match capacity {
            0 => 0,
            _ => capacity.div_ceil(WAYS).next_power_of_two(),
        };
        Self {
            pieces: (0..pieces).map(|_| RwLock::default()).collect(),
        }
    }

    /// What is known, at `now` seconds since the Unix epoch; `take` says how much of it is wanted.
    pub(crate) fn get<T>(&self, digest: Digest, now: u64, take: impl FnOnce(&V) -> T) -> Option<T> {
        let piece = read(self.piece(digest)?);
        let entry = piece.iter().find(|entry| entry.digest == digest && entry.until > now)?;
        if !entry.used.load(Relaxed) {
            entry.used.store(true, Relaxed);
        }
        Some(take(&entry.value))
    }

    /// Remembers `value` until then.
    pub(crate) fn insert(&self, digest: Digest, value: V, until: u64, now: u64) {
        let Some(piece) = self.piece(digest) else { return };
        let entry = Entry {
            digest,
            until,
            used: AtomicBool::new(false),
            value,
        };
        let mut piece = write(piece);
        if let Some(place) = room(&piece, digest, now) {
            piece[place] = entry;
        } else {
            piece.push(entry);
        }
    }

    /// Forgets it.
    pub(crate) fn remove(&self, digest: Digest) {
        if let Some(piece) = self.piece(digest) {
            write(piece).retain(|entry| entry.digest != digest);
        }
    }

    /// Forgets what is over, and what is not to be kept.
    pub(crate) fn retain(&self, now: u64, keep: impl Fn(&V) -> bool) {
        for piece in &self.pieces {
            // Most need no writing, and readers shall not wait for those.
            if read(piece)
                .iter()
                .any(|entry| entry.until <= now || !keep(&entry.value))
            {
                write(piece).retain(|entry| entry.until > now && keep(&entry.value));
            }
        }
    }

    fn piece(&self, digest: Digest) -> Option<&RwLock<Vec<Entry<V>>>> {
        // A power of two, so that the digest's low bits are a place.
        let mask = self.pieces.len().checked_sub(1)?;
        self.pieces.get(usize::try_from(digest.bits() & mask as u128).ok()?)
    }
}

/// Whose place a new entry takes; `None` while there is a free one.
fn room<V>(piece: &[Entry<V>], digest: Digest, now: u64) -> Option<usize> {
    if let Some(same) = piece.iter().position(|entry| entry.digest == digest) {
        return Some(same);
    }
    if piece.len() < WAYS {
        return None;
    }
    let over = piece.iter().position(|entry| entry.until <= now);
    // The first that nobody asked for lately; those before it had their second chance.
    let idle = || piece.iter().position(|entry| !entry.used.swap(false, Relaxed));
    let any = || usize::try_from(digest.bits() >> 125).ok();
    over.or_else(idle).or_else(any)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get<V: Copy>(cache: &Cache<V>, digest: Digest, now: u64) -> Option<V> {
        cache.get(digest, now, |value| *value)
    }

    fn name(number: usize) -> Digest {
        Digest::of(&number.to_string())
    }

    #[test]
    fn an_entry_ends_at_its_time_and_can_be_taken_back() {
        let cache = Cache::new(10);
        cache.insert(name(1), 'a', 20, 0);
        cache.insert(name(1), 'b', 20, 0);
        assert_eq!((get(&cache, name(1), 19), get(&cache, name(1), 20)), (Some('b'), None));
        assert_eq!(get(&cache, name(2), 0), None);
        cache.remove(name(1));
        assert_eq!(get(&cache, name(1), 0), None);
        cache.insert(name(3), 'c', 20, 0);
        cache.insert(name(4), 'd', 30, 0);
        cache.retain(20, |_| true);
        assert_eq!((get(&cache, name(3), 0), get(&cache, name(4), 0)), (None, Some('d')));
        cache.retain(0, |value| *value != 'd');
        assert_eq!(get(&cache, name(4), 0), None);
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_asked_for() {
        let cache = Cache::new(64);
        for number in 0..10_000 {
            cache.insert(name(number), number, 100, 0);
            assert_eq!(get(&cache, name(0), 0), Some(0), "asked for all the time");
        }
        let kept: usize = cache.pieces.iter().map(|piece| read(piece).len()).sum();
        assert_eq!(kept, 64);
        let none = Cache::new(0);
        none.insert(name(1), 1, 100, 0);
        assert_eq!(get(&none, name(1), 0), None);
    }
}
