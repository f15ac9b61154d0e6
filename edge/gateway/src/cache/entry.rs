//! An answer that is kept.

use super::room::Room;
use bytes::{Bytes, BytesMut};
use edge_policy::cache::{Digest, Mark};
use pingora_cache::CacheMeta;
use pingora_http::ResponseHeader;
use std::{sync::Arc, time::SystemTime};

/// What an entry costs beside what it holds, bytes: its place in the map, its counts, its key. About.
const OVERHEAD: usize = 1024;
/// The same for each field of its head, and for each tag.
const PER_FIELD: usize = 64;
const PER_TAG: usize = 128;
/// Pieces smaller than this on average are put together.
const SMALL: usize = 16 * 1024;
/// Into pieces of this size.
const PIECE: usize = 64 * 1024;

/// An answer's head, and how long it holds.
#[derive(Clone)]
pub(super) struct Head {
    response: ResponseHeader,
    fresh_until: SystemTime,
    /// Its age counts from there.
    born: SystemTime,
    /// When it, or the last word that it still holds, arrived.
    received: SystemTime,
    /// When the first of its line was kept: variants from before that are not given.
    provenance: SystemTime,
    stale_while_revalidate: u32,
    stale_if_error: u32,
    variance: Option<[u8; 16]>,
}

/// When an answer, or the last word that it still holds, arrived; beside what Pingora knows of it.
#[derive(Clone, Copy)]
pub(crate) struct Received(pub(crate) SystemTime);

/// What a request brings along that may fill the store.
#[derive(Clone)]
pub(crate) struct Ticket {
    /// What it may be purged by.
    pub(crate) tags: Arc<[Digest]>,
    /// When it was asked for.
    pub(crate) asked: Mark,
    /// The room that is kept for it.
    pub(crate) room: Arc<Room>,
    /// Largest body.
    pub(crate) most: u64,
}

impl Head {
    /// What Pingora knows.
    pub(super) fn of(meta: &CacheMeta) -> Self {
        Self {
            response: meta.response_header_copy(),
            fresh_until: meta.fresh_until(),
            born: meta.epoch(),
            received: meta.updated(),
            provenance: meta.provenance(),
            stale_while_revalidate: meta.stale_while_revalidate_sec(),
            stale_if_error: meta.stale_if_error_sec(),
            variance: meta.variance(),
        }
    }

    /// The same for Pingora.
    pub(super) fn to_meta(&self) -> CacheMeta {
        let mut meta = CacheMeta::new(
            self.fresh_until,
            self.provenance,
            self.stale_while_revalidate,
            self.stale_if_error,
            self.response.clone(),
        );
        meta.set_epoch_override(self.born);
        meta.extensions_mut().insert(Received(self.received));
        if let Some(variance) = self.variance {
            meta.set_variance(variance);
        }
        meta
    }

    /// When it, or the last word that it still holds, arrived.
    pub(super) fn received(&self) -> SystemTime {
        self.received
    }

    /// The body's length, where it is declared.
    pub(super) fn declared(&self) -> Option<u64> {
        edge_policy::compression::declared(&self.response.headers)
    }

    /// The body's length is known now.
    fn declare(&mut self, length: u64) {
        let has_body = !matches!(self.response.status.as_u16(), 204 | 304);
        if has_body && self.declared().is_none() {
            // A number is always a value.
            let _ = self.response.insert_header(http::header::CONTENT_LENGTH, length);
        }
    }

    fn size(&self) -> usize {
        let fields = self.response.headers.iter();
        let sizes = fields.map(|(name, value)| PER_FIELD + name.as_str().len() + value.len());
        sizes.sum()
    }
}

/// An answer that is kept.
pub(super) struct Entry {
    /// No other entry's.
    pub(super) id: u64,
    /// Its head.
    pub(super) head: Head,
    /// Its body.
    pub(super) pieces: Arc<[Bytes]>,
    /// The body's length, bytes.
    pub(super) length: u64,
    /// What it is purged by.
    pub(super) tags: Arc<[Digest]>,
    /// What it costs, bytes.
    pub(super) weight: u32,
}

impl Entry {
    /// A whole answer.
    pub(super) fn new(id: u64, mut head: Head, pieces: &[Bytes], tags: Arc<[Digest]>) -> Self {
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        head.declare(length);
        Self::of(id, head, packed(pieces, length), tags)
    }

    /// The same answer under another head.
    pub(super) fn renewed(&self, id: u64, mut head: Head) -> Self {
        head.declare(self.length);
        Self::of(id, head, Arc::clone(&self.pieces), Arc::clone(&self.tags))
    }

    fn of(id: u64, head: Head, pieces: Arc<[Bytes]>, tags: Arc<[Digest]>) -> Self {
        let length: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        let rest = OVERHEAD + head.size() + pieces.len() * size_of::<Bytes>() + tags.len() * PER_TAG;
        Self {
            id,
            weight: u32::try_from(length + rest as u64).unwrap_or(u32::MAX),
            head,
            pieces,
            length,
            tags,
        }
    }
}

/// A body in pieces that are worth their bookkeeping.
fn packed(pieces: &[Bytes], length: u64) -> Arc<[Bytes]> {
    if pieces.len() < 2 || length / pieces.len() as u64 >= SMALL as u64 {
        return pieces.into();
    }
    let mut left = usize::try_from(length).unwrap_or(usize::MAX);
    let (mut done, mut open) = (Vec::new(), BytesMut::with_capacity(left.min(PIECE)));
    for piece in pieces {
        let mut rest = &piece[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PIECE - open.len()));
            open.extend_from_slice(now);
            left -= now.len();
            rest = later;
            if open.len() == PIECE {
                done.push(std::mem::replace(&mut open, BytesMut::with_capacity(left.min(PIECE))).freeze());
            }
        }
    }
    if !open.is_empty() {
        done.push(open.freeze());
    }
    done.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn small_pieces_are_put_together_and_large_ones_left() {
        let body: Vec<u8> = (0..200_000u32).map(|number| number as u8).collect();
        for size in [1, 7, 1000, 20_000, 150_000] {
            let pieces: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
            let packed = packed(&pieces, body.len() as u64);
            assert_eq!(packed.concat(), body, "{size}");
            assert_eq!(packed.len(), if size < SMALL { 4 } else { pieces.len() }, "{size}");
        }
        assert!(packed(&[], 0).is_empty());
    }

    #[test]
    fn a_head_is_the_same_afterwards() {
        let mut response = ResponseHeader::build(200, None).unwrap();
        response.insert_header("etag", "\"a\"").unwrap();
        let at = |seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let mut meta = CacheMeta::new(at(50), at(20), 3, 4, response);
        meta.set_epoch_override(at(10));
        meta.set_variance([7; 16]);
        let again = Head::of(&meta).to_meta();
        assert_eq!(
            (again.fresh_until(), again.epoch(), again.created()),
            (at(50), at(10), at(20))
        );
        assert_eq!((again.stale_while_revalidate_sec(), again.stale_if_error_sec()), (3, 4));
        assert_eq!((again.variance(), again.provenance()), (Some([7; 16]), at(20)));
        assert_eq!(again.extensions().get::<Received>().unwrap().0, at(20));
        assert_eq!(again.headers()["etag"], "\"a\"");
    }
}
