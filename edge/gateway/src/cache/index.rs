//! Which entries a tag stands for.

use super::entry::Entry;
use edge_policy::cache::Digest;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

type Entries = HashMap<u128, u64>;

/// From tags to the keys of entries, and the entry that each key meant then.
#[derive(Default)]
pub(super) struct Index(Mutex<HashMap<Digest, Entries>>);

impl Index {
    fn tags(&self) -> MutexGuard<'_, HashMap<Digest, Entries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An entry is there.
    pub(super) fn add(&self, key: u128, entry: &Entry) {
        let mut tags = self.tags();
        for tag in entry.tags.iter() {
            tags.entry(*tag).or_default().insert(key, entry.id);
        }
    }

    /// An entry is gone. One that has its key since is not touched.
    pub(super) fn remove(&self, key: u128, entry: &Entry) {
        let mut tags = self.tags();
        for tag in entry.tags.iter() {
            let Some(entries) = tags.get_mut(tag) else { continue };
            if entries.get(&key) == Some(&entry.id) {
                entries.remove(&key);
            }
            if entries.is_empty() {
                tags.remove(tag);
            }
        }
    }

    /// The keys that a tag stands for.
    pub(super) fn keys(&self, tag: Digest) -> Vec<u128> {
        self.tags()
            .get(&tag)
            .map(|entries| entries.keys().copied().collect())
            .unwrap_or_default()
    }

    /// How many tags stand for something.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.tags().len()
    }
}
