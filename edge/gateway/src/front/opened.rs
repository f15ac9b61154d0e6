//! What of a connection was read before Pingora reads, and the head of an HTTP/1 request in it: Pingora breaks off whatever it waits for
//! as soon as listeners close, so a head is waited for here.

use super::opening::ROOM;
use edge_policy::wire::{Fault, lines::Lines};
use pingora_core::protocols::Stream;
use pingora_timeout::timeout;
use std::time::Duration;
use tokio::io::{AsyncReadExt, ReadBuf};

/// What has come of a connection that its reader has not had yet, and what is known of the head in it.
pub(super) struct Opened {
    bytes: Vec<u8>,
    /// How much of it has been given on.
    given: usize,
    /// As [`Lines::feed`] says it of all bytes together.
    head: Result<Option<usize>, Fault>,
}

impl Opened {
    /// Bytes in which no head is looked for.
    pub(super) fn without_head(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            given: 0,
            head: Ok(None),
        }
    }

    /// Looks at these bytes, and reads on until the head is whole. One that never will be is left to [`super::ClientStream`], which
    /// says so.
    pub(super) async fn head(stream: &mut Stream, mut bytes: Vec<u8>, lines: &mut Lines, within: Duration) -> Self {
        let mut head = lines.feed(&bytes);
        // Most come in one piece.
        if head == Ok(None) {
            let read = async {
                while head == Ok(None) {
                    let seen = bytes.len();
                    if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                        return;
                    }
                    head = lines.feed(&bytes[seen..]).map(|end| end.map(|end| seen + end));
                }
            };
            let _ = timeout(within, read).await;
        }
        Self { bytes, given: 0, head }
    }

    /// Whether all has been given on.
    pub(super) fn is_empty(&self) -> bool {
        self.given == self.bytes.len()
    }

    /// Gives on what there is room for. What is known of the head, as [`Lines::feed`] says it of this piece.
    pub(super) fn give(&mut self, buf: &mut ReadBuf<'_>) -> Result<Option<usize>, Fault> {
        let from = self.given;
        let rest = &self.bytes[from..];
        let some = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..some]);
        self.given += some;
        let end = self.head?;
        Ok(end.filter(|end| *end <= self.given).map(|end| end.saturating_sub(from)))
    }

    /// What was not given on, in the same memory.
    pub(super) fn into_rest(mut self) -> Vec<u8> {
        self.bytes.drain(..self.given);
        self.bytes
    }

    /// All has been given on: memory that a head of usual size does not need is not kept.
    pub(super) fn shrink(&mut self) {
        if self.bytes.capacity() > ROOM {
            *self = Self::without_head(Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where heads end in the pieces that a reader with so much room gets, and what it gets in all.
    fn ends(mut opened: Opened, room: usize) -> (Vec<Result<Option<usize>, Fault>>, Vec<u8>) {
        let (mut ends, mut all) = (Vec::new(), Vec::new());
        while !opened.is_empty() {
            let mut memory = vec![0; room];
            let mut buf = ReadBuf::new(&mut memory);
            ends.push(opened.give(&mut buf));
            all.extend_from_slice(buf.filled());
        }
        (ends, all)
    }

    #[test]
    fn a_head_ends_in_the_piece_that_has_its_end() {
        let bytes = b"head|body";
        let opened = || Opened {
            bytes: bytes.to_vec(),
            given: 0,
            head: Ok(Some(5)),
        };
        for (room, place) in [(9, vec![Ok(Some(5))]), (4, vec![Ok(None), Ok(Some(1)), Ok(Some(0))])] {
            assert_eq!(ends(opened(), room), (place, bytes.to_vec()), "{room}");
        }
    }

    #[test]
    fn what_was_not_given_on_stays_in_its_memory() {
        let mut bytes = Vec::with_capacity(ROOM);
        bytes.extend_from_slice(b"onetwo");
        let mut opened = Opened::without_head(bytes);
        let mut memory = [0; 3];
        assert_eq!(opened.give(&mut ReadBuf::new(&mut memory)), Ok(None));
        let rest = opened.into_rest();
        assert_eq!((&*rest, rest.capacity()), (&b"two"[..], ROOM));
    }
}
