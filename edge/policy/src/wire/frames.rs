//! HTTP/2 frames while they come in: those that make work and carry nothing have to be paid for. The h2 library bounds what
//! each of them may take up; this bounds how many there may be (rapid reset, CVE-2023-44487; floods of pings, settings,
//! priorities, window updates, CVE-2019-9512 to 9518; endless header blocks, CVE-2024-27316).

use super::Fault;
use std::time::{Duration, Instant};

/// What a client sends first (RFC 9113, section 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection may be in debt.
const CAPACITY: u32 = 1024;
/// What is forgiven a second.
const REFILL: u32 = 64;
/// A stream that is opened and reset at once costs more than its frames.
const RESET: u32 = 8;
/// Bytes, of bodies that come or of answers that go, that pay for one frame.
const WORTH: usize = 256;
/// Most frames of one block of fields.
const MAX_CONTINUATIONS: u32 = 8;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// Looks at a connection piece by piece, from its preface on, which was found to be one.
#[derive(Debug, Clone)]
pub struct Frames {
    header: [u8; 9],
    /// Bytes of the header that are there.
    have: usize,
    /// Bytes of the payload that are still to come.
    skip: usize,
    /// Whether the client's settings have come, which are its first frame (RFC 9113, section 3.4).
    is_greeted: bool,
    /// Frames of the open block of fields; 0: none is open.
    block: u32,
    tokens: u32,
    /// Bytes that have not paid for a frame yet.
    paid: usize,
    filled: Instant,
}

impl Frames {
    /// A connection that begins.
    pub const fn new(now: Instant) -> Self {
        Self {
            header: [0; 9],
            have: 0,
            skip: PREFACE.len(),
            is_greeted: false,
            block: 0,
            tokens: CAPACITY,
            paid: 0,
            filled: now,
        }
    }

    /// Whether the rest of a frame, or of a block of fields, is owed.
    pub const fn is_owed(&self) -> bool {
        self.have > 0 || self.skip > 0 || self.block > 0
    }

    /// Bytes of answers have gone out: they entitle to window updates.
    pub fn wrote(&mut self, bytes: usize) {
        self.paid += bytes;
        let frames = u32::try_from(self.paid / WORTH).unwrap_or(u32::MAX);
        self.paid %= WORTH;
        self.tokens = self.tokens.saturating_add(frames).min(CAPACITY);
    }

    /// The next piece. `now` is asked only when the debt is large.
    ///
    /// # Errors
    /// [`Fault::Flood`] where there is too much of it, [`Fault::Ambiguous`] where the first frame is not the client's settings.
    pub fn feed(&mut self, mut piece: &[u8], now: impl Fn() -> Instant) -> Result<(), Fault> {
        while !piece.is_empty() {
            if self.skip > 0 {
                let here = self.skip.min(piece.len());
                self.skip -= here;
                piece = &piece[here..];
                continue;
            }
            let here = (9 - self.have).min(piece.len());
            self.header[self.have..self.have + here].copy_from_slice(&piece[..here]);
            self.have += here;
            piece = &piece[here..];
            if self.have == 9 {
                self.have = 0;
                self.frame(&now)?;
            }
        }
        Ok(())
    }

    fn frame(&mut self, now: &impl Fn() -> Instant) -> Result<(), Fault> {
        let [a, b, c, kind, flags, ..] = self.header;
        self.skip = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        if !self.is_greeted {
            self.is_greeted = kind == SETTINGS && flags & ACK == 0;
            return self.is_greeted.then_some(()).ok_or(Fault::Ambiguous);
        }
        match kind {
            DATA if self.skip > 0 => {
                let bytes = self.skip;
                self.wrote(bytes);
                Ok(())
            }
            DATA if flags & END_STREAM != 0 => Ok(()),
            HEADERS => {
                self.block = u32::from(flags & END_HEADERS == 0);
                Ok(())
            }
            CONTINUATION => {
                self.block += 1;
                if self.block > MAX_CONTINUATIONS {
                    return Err(Fault::Flood);
                }
                if flags & END_HEADERS != 0 {
                    self.block = 0;
                }
                self.pay(1, now)
            }
            RESET_STREAM => self.pay(RESET, now),
            _ => self.pay(1, now),
        }
    }

    fn pay(&mut self, tokens: u32, now: &impl Fn() -> Instant) -> Result<(), Fault> {
        if self.tokens < tokens {
            let now = now();
            let passed = now.saturating_duration_since(self.filled).min(Duration::from_secs(60));
            let forgiven = passed.as_millis() as u32 * REFILL / 1000;
            self.tokens = (self.tokens + forgiven).min(CAPACITY);
            self.filled = now;
        }
        self.tokens = self.tokens.checked_sub(tokens).ok_or(Fault::Flood)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![0, (length >> 8) as u8, length as u8, kind, flags, 0, 0, 0, 1];
        frame.resize(9 + length, 0);
        frame
    }

    fn begun(start: Instant) -> Frames {
        let mut watch = Frames::new(start);
        watch.feed(PREFACE, || start).unwrap();
        assert!(!watch.is_owed());
        watch.feed(&frame(SETTINGS, 0, 6), || start).unwrap();
        watch
    }

    /// How many of these frames pass at once.
    fn passes(frames: &[Vec<u8>]) -> usize {
        let start = Instant::now();
        let mut watch = begun(start);
        (0..100_000)
            .take_while(|n| watch.feed(&frames[n % frames.len()], || start).is_ok())
            .count()
    }

    #[test]
    fn what_carries_nothing_is_bounded() {
        assert_eq!(passes(&[frame(6, 0, 8)]), 1024, "pings");
        assert_eq!(passes(&[frame(4, 0, 0)]), 1024, "settings");
        assert_eq!(passes(&[frame(8, 0, 4)]), 1024, "window updates");
        assert_eq!(passes(&[frame(2, 0, 5)]), 1024, "priorities");
        assert_eq!(passes(&[frame(0, 0, 0)]), 1024, "empty data");
        assert_eq!(passes(&[frame(200, 0, 0)]), 1024, "unknown frames");
        assert_eq!(passes(&[frame(1, 5, 10), frame(3, 0, 4)]), 257, "rapid resets");
    }

    #[test]
    fn what_carries_something_is_not() {
        assert_eq!(passes(&[frame(1, 5, 10)]), 100_000, "requests");
        assert_eq!(
            passes(&[frame(0, 0, 512), frame(8, 0, 4), frame(8, 0, 4)]),
            100_000,
            "uploads"
        );
        let start = Instant::now();
        let mut watch = begun(start);
        for _ in 0..100_000 {
            watch.wrote(16 << 10);
            watch.feed(&frame(8, 0, 4), || start).unwrap();
            watch.feed(&frame(8, 0, 4), || start).unwrap();
        }
        for second in 0..1000 {
            let now = start + Duration::from_secs(second);
            for _ in 0..60 {
                watch.feed(&frame(6, 0, 8), || now).unwrap();
            }
        }
    }

    #[test]
    fn settings_come_first() {
        let start = Instant::now();
        for (kind, flags) in [(SETTINGS, ACK), (1, 5), (6, 0), (200, 0)] {
            let mut watch = Frames::new(start);
            watch.feed(PREFACE, || start).unwrap();
            assert_eq!(
                watch.feed(&frame(kind, flags, 0), || start),
                Err(Fault::Ambiguous),
                "{kind}"
            );
        }
    }

    #[test]
    fn an_endless_block_of_fields_ends() {
        let start = Instant::now();
        let mut watch = begun(start);
        watch.feed(&frame(1, 0, 10), || start).unwrap();
        assert!(watch.is_owed());
        let passed = (0..100)
            .take_while(|_| watch.feed(&frame(9, 0, 10), || start).is_ok())
            .count();
        assert_eq!(passed, 7);
    }

    proptest! {
        /// Law: where the bytes are cut makes no difference, and nothing panics.
        #[test]
        fn cuts_make_no_difference(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
            let start = Instant::now();
            let (mut whole, mut cuts) = (begun(start), begun(start));
            let cut = cut.min(bytes.len());
            let one = whole.feed(&bytes, || start);
            let two = cuts.feed(&bytes[..cut], || start).and_then(|()| cuts.feed(&bytes[cut..], || start));
            prop_assert_eq!(one, two);
        }
    }
}
