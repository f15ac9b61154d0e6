//! Reads a kept answer's body, or one that is on its way.

use super::{
    entry::Entry,
    fill::{End, Progress},
};
use async_trait::async_trait;
use bytes::Bytes;
use pingora_cache::{
    CacheKey,
    storage::{HandleHit, Storage},
    trace::SpanHandle,
};
use pingora_error::{Error, ErrorType, Result};
use std::{any::Any, sync::Arc};
use tokio::sync::watch;

/// Where the body comes from.
enum Source {
    Kept(Arc<Entry>),
    OnItsWay(watch::Receiver<Progress>),
}

/// Reads a body, or a part of it.
pub(super) struct Reader {
    source: Source,
    /// The body's length, where it is known.
    length: Option<u64>,
    place: Place,
}

/// Where reading goes on and where it ends.
struct Place {
    /// The piece, and the byte of the body that it begins with.
    piece: usize,
    begins: u64,
    next: u64,
    end: u64,
}

impl Place {
    const WHOLE: Self = Self::of(0, u64::MAX);

    const fn of(start: u64, end: u64) -> Self {
        Self {
            piece: 0,
            begins: 0,
            next: start,
            end,
        }
    }

    /// What can be read of these pieces.
    fn read(&mut self, pieces: &[Bytes]) -> Option<Bytes> {
        while let Some(piece) = pieces.get(self.piece).filter(|_| self.next < self.end) {
            let behind = self.begins + piece.len() as u64;
            if self.next < behind {
                let within = |byte: u64| usize::try_from(byte - self.begins).unwrap_or(usize::MAX);
                let part = piece.slice(within(self.next)..within(self.end.min(behind)));
                self.next += part.len() as u64;
                return Some(part);
            }
            self.begins = behind;
            self.piece += 1;
        }
        None
    }
}

impl Reader {
    /// Of an answer that is kept.
    pub(super) fn kept(entry: Arc<Entry>) -> Self {
        Self {
            length: Some(entry.length),
            source: Source::Kept(entry),
            place: Place::WHOLE,
        }
    }

    /// Of one that is on its way.
    pub(super) fn following(progress: watch::Receiver<Progress>, length: Option<u64>) -> Self {
        Self {
            length,
            source: Source::OnItsWay(progress),
            place: Place::WHOLE,
        }
    }

    async fn follow(progress: &mut watch::Receiver<Progress>, place: &mut Place) -> Result<Option<Bytes>> {
        loop {
            {
                let now = progress.borrow_and_update();
                if let Some(part) = place.read(&now.pieces) {
                    return Ok(Some(part));
                }
                match now.end {
                    _ if place.next >= place.end => return Ok(None),
                    End::Whole => return Ok(None),
                    End::Broken => return broken(),
                    End::Open => {}
                }
            }
            if progress.changed().await.is_err() {
                return broken();
            }
        }
    }
}

fn broken<T>() -> Result<T> {
    Error::e_explain(ErrorType::ConnectionClosed, "the answer that is read along broke off")
}

#[async_trait]
impl HandleHit for Reader {
    async fn read_body(&mut self) -> Result<Option<Bytes>> {
        match &mut self.source {
            Source::Kept(entry) => Ok(self.place.read(&entry.pieces)),
            Source::OnItsWay(progress) => Self::follow(progress, &mut self.place).await,
        }
    }

    async fn finish(self: Box<Self>, _: &'static (dyn Storage + Sync), _: &CacheKey, _: &SpanHandle) -> Result<()> {
        Ok(())
    }

    fn can_seek(&self) -> bool {
        self.length.is_some()
    }

    fn seek(&mut self, start: usize, end: Option<usize>) -> Result<()> {
        let end = end.map_or(u64::MAX, |end| end as u64);
        self.place = Place::of(start as u64, end);
        Ok(())
    }

    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }

    fn as_any_mut(&mut self) -> &mut (dyn Any + Send + Sync) {
        self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn any_part_is_read_out_of_any_pieces() {
        let pieces = ["ab", "", "c", "defg"].map(Bytes::from_static_str);
        for start in 0..8 {
            for end in start..9 {
                let mut place = Place::of(start, end);
                let mut read = Vec::new();
                while let Some(part) = place.read(&pieces) {
                    assert!(!part.is_empty());
                    read.extend_from_slice(&part);
                }
                let want = &b"abcdefg"[start.min(7) as usize..end.min(7) as usize];
                assert_eq!(read, want, "{start}..{end}");
            }
        }
    }

    trait FromText {
        fn from_static_str(text: &'static str) -> Bytes;
    }

    impl FromText for Bytes {
        fn from_static_str(text: &'static str) -> Bytes {
            Bytes::from_static(text.as_bytes())
        }
    }
}
