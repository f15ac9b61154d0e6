//! Who of those that ask for the same fetches it.

use super::{Store, shelf::number};
use pingora_cache::{
    CacheKey,
    lock::{CacheKeyLock, CacheLock, LockStatus, Locked, WritePermit},
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// An answer that came so recently came after a request looked for it in vain, and before that request asked to fetch it.
const JUST: Duration = Duration::from_secs(1);

/// Pingora's lock, which looks once more before it lets a request fetch: Pingora looks first and locks then, and between the two
/// another request may have fetched the very same and given the lock back.
pub(super) struct Lock {
    table: CacheLock,
    store: Arc<Store>,
}

impl Lock {
    /// Nobody waits longer than that for one request that fetches.
    pub(super) fn new(store: Arc<Store>, age: Duration) -> Self {
        let table = CacheLock::new(age);
        Self { table, store }
    }

    /// Whether an answer has come in the meantime, or begun to.
    fn has_come(&self, key: &CacheKey) -> bool {
        let key = number(key);
        let just = |received: SystemTime| received.elapsed().is_ok_and(|age| age < JUST);
        self.store.fill(key, None).is_some() || self.store.entry(key).is_some_and(|entry| just(entry.head.received()))
    }
}

impl CacheKeyLock for Lock {
    fn lock(&self, key: &CacheKey, stale_writer: bool) -> Locked {
        match self.table.lock(key, stale_writer) {
            Locked::Write(permit) if !stale_writer && self.has_come(key) => {
                // Who waits for this looks again at once.
                let looks_again = self.table.lock(key, stale_writer);
                self.table.release(key, permit, LockStatus::Done);
                looks_again
            }
            locked => locked,
        }
    }

    fn release(&self, key: &CacheKey, permit: WritePermit, reason: LockStatus) {
        self.table.release(key, permit, reason);
    }
}

#[cfg(test)]
mod tests;
