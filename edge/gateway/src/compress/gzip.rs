//! gzip (RFC 1952) with encoders that are used again. To make one costs a quarter of a megabyte and its page faults, which is more
//! than to encode a small answer with it.

use flate2::{Compress, Compression, FlushCompress, Status};
use std::{cell::RefCell, io, mem};

/// Encoders without work that each thread keeps.
const IDLE: usize = 4;
/// The largest window: what every decoder takes.
const WINDOW_BITS: u8 = 15;
/// Room made at a time, bytes.
const ROOM: usize = 4096;

thread_local! {
    /// With their levels.
    static POOL: RefCell<Vec<(u8, Compress)>> = const { RefCell::new(Vec::new()) };
}

/// Encodes one body.
pub(super) struct Gzip {
    level: u8,
    /// Until the body is whole.
    encoder: Option<Compress>,
    out: Vec<u8>,
}

impl Gzip {
    /// An encoder of this level (0 to 9), which writes there.
    pub(super) fn new(level: u8, out: Vec<u8>) -> Self {
        let pooled = POOL.with_borrow_mut(|pool| {
            let place = pool.iter().position(|(known, _)| *known == level)?;
            Some(pool.swap_remove(place).1)
        });
        let fresh = || Compress::new_gzip(Compression::new(level.into()), WINDOW_BITS);
        Self {
            level,
            encoder: Some(pooled.unwrap_or_else(fresh)),
            out,
        }
    }

    /// Encodes a piece. What it becomes may come later.
    ///
    /// # Errors
    /// The encoder fails, or the body is whole.
    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.run(piece, FlushCompress::None).map(drop)
    }

    /// All that was written can be decoded from what was encoded.
    ///
    /// # Errors
    /// As [`Gzip::write`].
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.run(&[], FlushCompress::Sync).map(drop)
    }

    /// The body is whole. Gives the last of it.
    ///
    /// # Errors
    /// As [`Gzip::write`].
    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        match self.run(&[], FlushCompress::Finish)? {
            Status::StreamEnd => self.give_back(),
            status => return Err(io::Error::other(format!("no end of gzip: {status:?}"))),
        }
        Ok(self.take())
    }

    /// For another body. Only what has come to its end: zlib-ng's quick level keeps an open block in mind across a reset.
    fn give_back(&mut self) {
        let Some(mut encoder) = self.encoder.take() else { return };
        POOL.with_borrow_mut(|pool| {
            if pool.len() < IDLE {
                encoder.reset();
                pool.push((self.level, encoder));
            }
        });
    }

    /// Bytes that [`Gzip::take`] would give.
    pub(super) fn encoded(&self) -> usize {
        self.out.len()
    }

    /// What has been encoded.
    pub(super) fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.out)
    }

    /// Until all of the piece is taken, and all that is owed for it is out.
    fn run(&mut self, mut piece: &[u8], flush: FlushCompress) -> io::Result<Status> {
        let encoder = self.encoder.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        loop {
            if self.out.capacity() == self.out.len() {
                self.out.reserve(ROOM);
            }
            let before = encoder.total_in();
            let status = encoder.compress_vec(piece, &mut self.out, flush)?;
            // Never more than the piece.
            let taken = usize::try_from(encoder.total_in() - before).unwrap_or(piece.len());
            piece = piece.get(taken..).unwrap_or_default();
            let has_room = self.out.capacity() > self.out.len();
            if status == Status::StreamEnd || piece.is_empty() && has_room {
                return Ok(status);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::compress::tests::noise;
    use std::io::Read;

    fn decoded(encoded: &[u8]) -> io::Result<Vec<u8>> {
        let mut decoded = Vec::new();
        flate2::read::GzDecoder::new(encoded)
            .read_to_end(&mut decoded)
            .map(|_| decoded)
    }

    #[test]
    fn an_encoder_that_was_used_is_as_good_as_a_new_one() {
        for level in [1, 6, 9, 1, 6, 9] {
            for (body, left_in_the_middle) in [
                ("a".repeat(70_000), true),
                ("abc, ".repeat(4_000), false),
                (String::new(), false),
            ] {
                let mut gzip = Gzip::new(level, Vec::new());
                gzip.write(body.as_bytes()).unwrap();
                if !left_in_the_middle {
                    assert_eq!(decoded(&gzip.finish().unwrap()).unwrap(), body.as_bytes());
                }
            }
        }
        let kept: Vec<u8> = POOL.with_borrow(|pool| pool.iter().map(|(level, _)| *level).collect());
        assert_eq!(kept.len(), 3, "one of each level: {kept:?}");
    }

    #[test]
    fn what_does_not_shrink_is_whole_too() {
        let body = noise(100_000);
        let mut gzip = Gzip::new(6, Vec::new());
        let mut encoded = Vec::new();
        for piece in body.chunks(9_999) {
            gzip.write(piece).unwrap();
            gzip.flush().unwrap();
            encoded.extend(gzip.take());
        }
        encoded.extend(gzip.finish().unwrap());
        assert_eq!(decoded(&encoded).unwrap(), body);
    }
}
