//! The store as Pingora's cache machine wants it.

use super::{
    Store,
    entry::{Head, Ticket},
    reader::Reader,
    writer::Writer,
};
use async_trait::async_trait;
use pingora_cache::{
    CacheKey, CacheMeta,
    key::{CacheHashKey, CompactCacheKey},
    storage::{HitHandler, MissHandler, PurgeOutcome, PurgeTarget, PurgeType, Storage},
    trace::SpanHandle,
};
use pingora_error::{Error, ErrorType, Result};
use std::{any::Any, sync::Arc};

type Found = Option<(CacheMeta, HitHandler)>;

/// A way into the store.
pub(super) struct Shelf {
    store: Arc<Store>,
    /// Whether answers are read while they arrive.
    streams: bool,
}

impl Shelf {
    /// A way into this store.
    pub(super) fn new(store: Arc<Store>, streams: bool) -> Self {
        Self { store, streams }
    }

    fn follow(&self, key: u128, id: Option<u64>) -> Found {
        let fill = self.store.fill(key, id)?;
        let reader = Reader::following(fill.follow(), fill.head.declared());
        Some((fill.head.to_meta(), Box::new(reader)))
    }
}

/// A key as the store has it.
pub(super) fn number(key: &CacheKey) -> u128 {
    u128::from_be_bytes(key.combined_bin())
}

fn number_of(key: &CompactCacheKey) -> u128 {
    u128::from_be_bytes(key.combined_bin())
}

#[async_trait]
impl Storage for Shelf {
    async fn lookup(&'static self, key: &CacheKey, _: &SpanHandle) -> Result<Found> {
        let key = number(key);
        if let Some(found) = self.follow(key, None) {
            return Ok(Some(found));
        }
        let entry = self.store.entry(key);
        Ok(entry.map(|entry| (entry.head.to_meta(), Box::new(Reader::kept(entry)) as HitHandler)))
    }

    async fn lookup_streaming_write(
        &'static self,
        key: &CacheKey,
        tag: Option<&[u8]>,
        _: &SpanHandle,
    ) -> Result<Found> {
        let id = tag.and_then(|tag| Some(u64::from_le_bytes(tag.try_into().ok()?)));
        match self.follow(number(key), id) {
            // It was purged in this very moment: Pingora expects it to be there.
            None => Error::e_explain(ErrorType::InternalError, "the answer was purged as it came"),
            found => Ok(found),
        }
    }

    async fn get_miss_handler(&'static self, key: &CacheKey, meta: &CacheMeta, _: &SpanHandle) -> Result<MissHandler> {
        let ticket = meta.extensions().get::<Ticket>().cloned();
        let Some(ticket) = ticket else {
            return Error::e_explain(ErrorType::InternalError, "an answer that nobody judged");
        };
        let (store, head) = (Arc::clone(&self.store), Head::of(meta));
        Ok(Box::new(Writer::new(store, number(key), head, ticket, self.streams)))
    }

    async fn purge(&'static self, target: PurgeTarget<'_>, _: PurgeType, _: &SpanHandle) -> Result<PurgeOutcome> {
        self.store.forget(number_of(target.key()));
        Ok(PurgeOutcome::Purged(None))
    }

    async fn update_meta(&'static self, key: &CacheKey, meta: &CacheMeta, _: &SpanHandle) -> Result<bool> {
        Ok(self.store.renew(number(key), Head::of(meta)))
    }

    fn support_streaming_partial_write(&self) -> bool {
        self.streams
    }

    fn as_any(&self) -> &(dyn Any + Send + Sync + 'static) {
        self
    }
}
