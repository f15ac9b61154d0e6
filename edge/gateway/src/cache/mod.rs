//! The store of answers, in memory and bounded. What may be kept, under which key and for how long decides
//! [`edge_policy::cache`]; Pingora's cache machine asks for it (lookups, waiting for one another, revalidation), and finds here
//! where answers are.
//!
//! An answer on its way is a [`fill::Fill`]: whoever asks for it meanwhile reads along. When it is whole it becomes an
//! [`entry::Entry`] in the [`store::Store`].

mod entry;
mod fill;
mod index;
mod lock;
mod reader;
mod room;
mod shelf;
mod store;
mod writer;

pub(crate) use entry::{Received, Ticket};
pub(crate) use store::{Purged, Store};

use crate::metrics::CacheCells;
use edge_policy::cache::Digest;
use lock::Lock;
use pingora_cache::{
    CacheKey, CacheOptionOverrides,
    lock::CacheKeyLockImpl,
    predictor::{CacheablePredictor, Predictor},
};
use pingora_proxy::Session;
use shelf::Shelf;
use std::{sync::Arc, time::Duration};

/// After so long a request that fetches an answer has nobody wait for it any more. Routes bound the wait themselves, and sooner.
const LOCK_AGE: Duration = Duration::from_secs(60);
/// How often a request looks again after it waited.
const MOST_WAITS: usize = 8;
/// Addresses that are remembered as never kept, in each of [`SHARDS`]: their requests do not wait for one another.
const UNKEPT: usize = 1024;
const SHARDS: usize = 16;

/// Why an answer is not kept that says nothing about the next one at the same address.
pub(crate) mod passing {
    /// Another upstream answered in the service's place.
    pub(crate) const FALLBACK: &str = "fallback";
    /// There is no room for another answer on its way.
    pub(crate) const NO_ROOM: &str = "no-room";
    /// All of them.
    pub(super) const ALL: [&str; 2] = [FALLBACK, NO_ROOM];
}

/// The cache of an edge. It lasts as long as the process: Pingora wants its stores to.
pub(crate) struct Cache {
    /// The answers.
    pub(crate) store: Arc<Store>,
    /// Readers follow an answer while it arrives.
    streaming: Shelf,
    /// Readers wait until it is there.
    whole: Shelf,
    lock: Lock,
    unkept: Predictor<SHARDS>,
}

impl Cache {
    /// One that holds so many bytes. It is never given back.
    pub(crate) fn leaked(max_size: u64, cells: Arc<CacheCells>) -> &'static Self {
        let store = Arc::new(Store::new(max_size, cells));
        Box::leak(Box::new(Self {
            streaming: Shelf::new(Arc::clone(&store), true),
            whole: Shelf::new(Arc::clone(&store), false),
            lock: Lock::new(Arc::clone(&store), LOCK_AGE),
            store,
            unkept: Predictor::new(UNKEPT, Some(|why| passing::ALL.contains(&why))),
        }))
    }

    /// Lets a request look into the cache. It waits for another one that fetches the same for at most so long.
    pub(crate) fn open(&'static self, session: &mut Session, wait: Duration) {
        self.open_shelf(&self.streaming, session, wait);
    }

    fn open_shelf(&'static self, shelf: &'static Shelf, session: &mut Session, wait: Duration) {
        let unkept: &'static (dyn CacheablePredictor + Sync) = &self.unkept;
        let lock: &'static CacheKeyLockImpl = &self.lock;
        let mut limits = CacheOptionOverrides::default();
        limits.wait_timeout = Some(wait);
        // One that fails, or fetches another variant, is followed by another one for all; but not for ever.
        limits.max_lock_retries = Some(MOST_WAITS);
        session
            .cache
            .enable(shelf, None, Some(unkept), Some(lock), Some(limits));
    }

    /// The answer's length is not known, so that it may turn out too large in its middle: it goes to the client as it comes, and
    /// whoever waits for it waits for its end. Readers that followed it would have to be broken off.
    pub(crate) fn wait_for_the_whole(&'static self, session: &mut Session, wait: Duration) {
        let lock = { session.cache.is_cache_lock_writer() }.then(|| session.cache.take_write_lock().0);
        let key = session.cache.cache_key().clone();
        session.cache.disable(pingora_cache::NoCacheReason::Deferred);
        self.open_shelf(&self.whole, session, wait);
        session.cache.set_cache_key(key);
        if let Some(lock) = lock {
            session.cache.set_write_lock(lock);
        }
        session.cache.cache_miss();
    }

    /// An answer does not hold any more.
    pub(crate) fn forget(&self, key: &CacheKey) {
        self.store.forget(shelf::number(key));
    }

    /// A digest as Pingora has it.
    pub(crate) fn key(digest: Digest) -> CacheKey {
        let mut key = CacheKey::new(Vec::new(), String::new());
        key.set_primary_bin_override(digest.0.to_be_bytes());
        key
    }
}
