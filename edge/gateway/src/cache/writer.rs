//! Fills the store with an answer as it arrives.

use super::{
    Store,
    entry::{Head, Ticket},
    fill::{End, Fill},
};
use async_trait::async_trait;
use bytes::Bytes;
use pingora_cache::storage::{HandleMiss, MissFinishType};
use pingora_error::{Error, ErrorType, Result};
use std::sync::Arc;

/// Fills the store with one answer. Dropped before its end it has broken off, and nothing is kept.
pub(super) struct Writer {
    store: Arc<Store>,
    key: u128,
    fill: Arc<Fill>,
    /// The fill's id, as Pingora wants to have it.
    tag: [u8; 8],
    ticket: Ticket,
}

impl Writer {
    /// For an answer with this head. Others read along if it is shown.
    pub(super) fn new(store: Arc<Store>, key: u128, head: Head, ticket: Ticket, is_shown: bool) -> Self {
        let fill = Arc::new(Fill::new(store.next_id(), head));
        if is_shown {
            store.show(key, &fill, &ticket.tags);
        }
        Self {
            tag: fill.id.to_le_bytes(),
            store,
            key,
            fill,
            ticket,
        }
    }
}

#[async_trait]
impl HandleMiss for Writer {
    async fn write_body(&mut self, piece: Bytes, _: bool) -> Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let length = self.fill.length() + piece.len() as u64;
        if length > self.ticket.most {
            return Error::e_explain(ErrorType::InternalError, "the answer is larger than what is kept");
        }
        if !self.ticket.room.grow_to(length) {
            return Error::e_explain(ErrorType::InternalError, "there is no room for the answer");
        }
        // A copy: a piece is often a small part of a large buffer, which would be kept with it.
        self.fill.add(Bytes::copy_from_slice(&piece));
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<MissFinishType> {
        let length = self.fill.length();
        if self.fill.head.declared().is_some_and(|declared| declared != length) {
            return Error::e_explain(ErrorType::ConnectionClosed, "the answer is not as long as it says");
        }
        let (pieces, tags) = (self.fill.pieces(), Arc::clone(&self.ticket.tags));
        self.store
            .keep(self.key, self.fill.head.clone(), &pieces, tags, self.ticket.asked);
        self.fill.end(End::Whole);
        Ok(MissFinishType::Created(usize::try_from(length).unwrap_or(usize::MAX)))
    }

    fn streaming_write_tag(&self) -> Option<&[u8]> {
        Some(&self.tag)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.fill.end(End::Broken);
        self.store.hide(self.key, &self.fill);
        self.ticket.room.give_back();
    }
}
