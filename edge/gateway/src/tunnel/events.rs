//! Where the events of a stream end.

use bytes::Bytes;
use http::header;
use pingora_http::ResponseHeader;
use std::ops::Range;

/// Between which times a client whose stream has to leave comes again.
const COME_AGAIN_MS: Range<u32> = 500..3_000;

/// Where the events of a stream end, as far as it takes to put a last line behind them.
pub(crate) struct Events {
    /// Whether it is one.
    are_these: bool,
    /// The last bytes.
    tail: [u8; 4],
}

impl Events {
    /// Those of the answer with this head.
    pub(crate) fn of(head: Option<&ResponseHeader>) -> Self {
        let kind = head.and_then(|head| head.headers.get(header::CONTENT_TYPE));
        let is_coded = head.is_some_and(|head| head.headers.contains_key(header::CONTENT_ENCODING));
        Self {
            are_these: !is_coded && kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")),
            tail: *b"\n\n\n\n",
        }
    }

    /// Whether they are events at all.
    pub(crate) fn are_these(&self) -> bool {
        self.are_these
    }

    /// This passed.
    pub(crate) fn pass(&mut self, piece: &[u8]) {
        for byte in &piece[piece.len().saturating_sub(4)..] {
            self.tail.rotate_left(1);
            self.tail[3] = *byte;
        }
    }

    /// When to come again (WHATWG HTML, section 9.2.6): each after another time of a few seconds. Nothing in the middle of an event.
    pub(crate) fn farewell(&self, random: f32) -> Option<Bytes> {
        let wait = COME_AGAIN_MS.start + ((COME_AGAIN_MS.end - COME_AGAIN_MS.start) as f32 * random) as u32;
        let is_between = self.tail.ends_with(b"\n\n") || self.tail == *b"\r\n\r\n";
        (self.are_these && is_between).then(|| format!("retry: {wait}\n\n").into())
    }
}
