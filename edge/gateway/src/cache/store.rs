//! The store: a bounded map that keeps what is asked for often (W-TinyLFU), what is on its way, and the way to both by tags.

use super::{
    entry::{Entry, Head},
    fill::Fill,
    index::Index,
    room::{Room, Rooms},
};
use crate::metrics::CacheCells;
use bytes::Bytes;
use edge_policy::cache::{Digest, Mark, Purges, Secret};
use moka::{notification::RemovalCause, sync::Cache};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{AcqRel, Acquire, Relaxed},
        },
    },
};

/// The part of the memory that is for answers on their way: one in so many.
const ON_THEIR_WAY: u64 = 4;

/// A fill that can be read along, and what it would be purged by.
struct Shown {
    fill: Arc<Fill>,
    tags: Arc<[Digest]>,
}

/// The answers.
pub(crate) struct Store {
    entries: Cache<u128, Arc<Entry>>,
    index: Arc<Index>,
    fills: RwLock<HashMap<u128, Vec<Shown>>>,
    /// How many there are, so that most requests need not look.
    shown: AtomicUsize,
    /// Held while an entry is put in, so that no purge comes between.
    purges: Mutex<Purges>,
    rooms: Arc<Rooms>,
    ids: AtomicU64,
    /// Makes digests.
    pub(crate) secret: Secret,
    /// Counts.
    pub(crate) cells: Arc<CacheCells>,
}

/// What a purge is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purged {
    /// Everything.
    All,
    /// What has this tag.
    Tag(Digest),
}

impl Store {
    /// One that holds so many bytes, answers on their way included.
    pub(crate) fn new(max_size: u64, cells: Arc<CacheCells>) -> Self {
        let on_their_way = max_size / ON_THEIR_WAY;
        let index = Arc::<Index>::default();
        let (its, counts) = (Arc::clone(&index), Arc::clone(&cells));
        let gone = move |key: Arc<u128>, entry: Arc<Entry>, cause| {
            its.remove(*key, &entry);
            if cause == RemovalCause::Size {
                counts.evictions.add();
            }
        };
        let entries = Cache::builder()
            .max_capacity(max_size - on_their_way)
            .weigher(|_, entry: &Arc<Entry>| entry.weight)
            .eviction_listener(gone);
        Self {
            entries: entries.build(),
            index,
            fills: RwLock::default(),
            shown: AtomicUsize::new(0),
            purges: Mutex::default(),
            rooms: Rooms::new(on_their_way),
            ids: AtomicU64::new(0),
            secret: Secret::new(rand::random(), rand::random()),
            cells,
        }
    }

    fn purges(&self) -> MutexGuard<'_, Purges> {
        self.purges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, between purges.
    pub(crate) fn mark(&self) -> Mark {
        self.purges().mark()
    }

    /// Room for an answer of so many bytes on its way.
    pub(crate) fn room(&self, bytes: u64) -> Option<Arc<Room>> {
        let room = self.rooms.take(bytes).map(Arc::new);
        if room.is_none() {
            self.cells.no_room.add();
        }
        room
    }

    /// Kept answers, and the bytes that they cost, as they were counted last.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.entries.entry_count(), self.entries.weighted_size())
    }

    /// Bytes of answers on their way.
    pub(crate) fn on_their_way(&self) -> u64 {
        self.rooms.used()
    }

    /// Nothing is here, and nothing is on its way.
    fn is_empty(&self) -> bool {
        self.rooms.used() == 0 && self.shown.load(Acquire) == 0 && self.entries.entry_count() == 0
    }

    pub(super) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Relaxed)
    }

    /// An answer on its way, if there is one: who asks now gets it, and not what it will replace.
    pub(super) fn fill(&self, key: u128, id: Option<u64>) -> Option<Arc<Fill>> {
        if self.shown.load(Acquire) == 0 {
            return None;
        }
        let fills = self.fills.read().unwrap_or_else(PoisonError::into_inner);
        let fits = |shown: &&Shown| id.is_none_or(|id| shown.fill.id == id);
        let found = fills.get(&key)?.iter().find(fits)?;
        Some(Arc::clone(&found.fill))
    }

    /// A kept answer.
    pub(super) fn entry(&self, key: u128) -> Option<Arc<Entry>> {
        self.entries.get(&key)
    }

    /// An answer on its way can be read along.
    pub(super) fn show(&self, key: u128, fill: &Arc<Fill>, tags: &Arc<[Digest]>) {
        let shown = Shown {
            fill: Arc::clone(fill),
            tags: Arc::clone(tags),
        };
        let mut fills = self.fills.write().unwrap_or_else(PoisonError::into_inner);
        fills.entry(key).or_default().push(shown);
        self.shown.fetch_add(1, AcqRel);
    }

    /// It cannot any more.
    pub(super) fn hide(&self, key: u128, fill: &Fill) {
        self.hide_those(|known, shown| known == key && shown.fill.id == fill.id, Some(key));
    }

    fn hide_those(&self, which: impl Fn(u128, &Shown) -> bool, at: Option<u128>) -> usize {
        let mut fills = self.fills.write().unwrap_or_else(PoisonError::into_inner);
        let mut gone = 0;
        let mut sweep = |key: u128, shown: &mut Vec<Shown>| {
            let before = shown.len();
            shown.retain(|shown| !which(key, shown));
            gone += before - shown.len();
            !shown.is_empty()
        };
        match at {
            Some(key) => {
                if fills.get_mut(&key).is_some_and(|shown| !sweep(key, shown)) {
                    fills.remove(&key);
                }
            }
            None => fills.retain(|key, shown| sweep(*key, shown)),
        }
        self.shown.fetch_sub(gone, AcqRel);
        gone
    }

    /// Keeps a whole answer that was asked for at that point; not if it was purged since.
    pub(super) fn keep(&self, key: u128, head: Head, pieces: &[Bytes], tags: Arc<[Digest]>, asked: Mark) {
        let entry = Arc::new(Entry::new(self.next_id(), head, pieces, tags));
        let purges = self.purges();
        if !purges.spares(asked, &entry.tags) {
            return;
        }
        self.put(key, entry);
        drop(purges);
        // Now and not some time later: what is over the bound goes at once.
        self.entries.run_pending_tasks();
    }

    /// An answer still holds, under this head; tells whether it is still here.
    pub(super) fn renew(&self, key: u128, head: Head) -> bool {
        let _purges = self.purges();
        let Some(entry) = self.entries.get(&key) else {
            return false;
        };
        self.put(key, Arc::new(entry.renewed(self.next_id(), head)));
        true
    }

    fn put(&self, key: u128, entry: Arc<Entry>) {
        self.index.add(key, &entry);
        self.entries.insert(key, entry);
    }

    /// An answer does not hold any more.
    pub(crate) fn forget(&self, key: u128) {
        self.entries.invalidate(&key);
    }

    /// Purges, and tells how many kept answers went. One that is on its way goes to those who read it, and is not kept.
    pub(crate) fn purge(&self, what: Purged) -> u64 {
        let count = match what {
            Purged::All => {
                self.purges().all_purged();
                self.hide_those(|_, _| true, None);
                self.entries.run_pending_tasks();
                let count = self.entries.entry_count();
                self.entries.invalidate_all();
                count
            }
            Purged::Tag(tag) => {
                let keys = {
                    let mut purges = self.purges();
                    purges.purged(tag);
                    self.index.keys(tag)
                };
                self.hide_those(|_, shown| shown.tags.contains(&tag), None);
                let gone = keys.iter().filter(|key| self.entries.remove(*key).is_some());
                gone.count() as u64
            }
        };
        self.entries.run_pending_tasks();
        self.cells.purged.add_many(count);
        count
    }

    /// An unsafe request succeeded at an address: what is kept of it may not hold any more (RFC 9111, section 4.4).
    pub(crate) fn changed(&self, page: impl FnOnce(&Secret) -> Digest) {
        // An empty store is no reason for a lock.
        if !self.is_empty() {
            self.purge(Purged::Tag(page(&self.secret)));
        }
    }
}

#[cfg(test)]
mod tests;
