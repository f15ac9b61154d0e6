//! Compression of answers' bodies, piece by piece as they pass. What is compressed decides [`edge_policy::compression`].

mod gzip;

use crate::{metrics::CompressionCells, upstream::clock};
use brotli::{CompressorWriter, enc::BrotliEncoderParams};
use bytes::Bytes;
use edge_policy::compression::{Coding, Effort, Levels, Pressure, Terms};
use gzip::Gzip;
use rustix::time::{ClockId, clock_gettime};
use std::{
    io::{self, Write},
    mem,
    num::NonZero,
    sync::{Arc, LazyLock},
    thread::available_parallelism,
    time::Duration,
};

/// What the processors are busy with is this process's, whatever route a request takes.
static PRESSURE: Pressure = Pressure::new();
static PROCESSORS: LazyLock<u32> = LazyLock::new(|| {
    let known = available_parallelism().map_or(1, NonZero::get);
    u32::try_from(known).unwrap_or(u32::MAX)
});

/// A route's compression.
pub(crate) struct Compression {
    /// What is compressed, and how hard.
    pub(crate) terms: Terms,
    /// Counts it.
    pub(crate) cells: Arc<CompressionCells>,
}

/// How hard to try now.
fn effort() -> Effort {
    PRESSURE.effort(clock::now(), *PROCESSORS, || {
        let spent = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
        Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(spent.tv_nsec).unwrap_or(0))
    })
}

/// How an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As a whole of this many bytes, where it is known.
    Whole(Option<u64>),
    /// In pieces that somebody waits for: each is sent at once.
    Live,
}

/// The smallest and the largest window, as powers of two. Streams are many and stay long, so each has the smallest. 8 MiB is what every
/// decoder takes (RFC 9659, section 3); less is enough here.
const WINDOW_BITS: (u32, u32) = (15, 20);

/// Less than this of a body that nobody waits for piece by piece is not sent by itself.
const WORTH_SENDING: usize = 8 * 1024;

impl Pace {
    /// The window that is worth its memory.
    fn window_bits(self) -> u32 {
        let (least, most) = WINDOW_BITS;
        match self {
            Self::Live => least,
            Self::Whole(None) => most,
            Self::Whole(Some(length)) => length.max(1).ilog2().saturating_add(1).clamp(least, most),
        }
    }
}

/// Encodes one body.
pub(crate) struct Encoder {
    writer: Writer,
    is_live: bool,
    cells: Arc<CompressionCells>,
}

enum Writer {
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
    Br(Box<CompressorWriter<Vec<u8>>>),
    Gzip(Gzip),
    Over,
}

impl Encoder {
    /// One for a body that comes at this pace.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn new(route: &Compression, coding: Coding, pace: Pace) -> io::Result<Self> {
        let writer = Writer::new(coding, &route.terms.levels, pace)?;
        route.cells.answers(coding).add();
        Ok(Self {
            writer,
            is_live: pace == Pace::Live,
            cells: Arc::clone(&route.cells),
        })
    }

    /// Encodes a piece. What comes back may be empty until more comes, or the end.
    ///
    /// # Errors
    /// The encoder fails; nothing that it gave can be completed.
    pub(crate) fn encode(&mut self, piece: &[u8], is_end: bool) -> io::Result<Bytes> {
        self.writer.write(piece)?;
        let encoded = if is_end {
            mem::replace(&mut self.writer, Writer::Over).finish()?
        } else {
            self.writer.take(self.is_live)?
        };
        self.cells.bytes_in.add_many(piece.len() as u64);
        self.cells.bytes_out.add_many(encoded.len() as u64);
        Ok(encoded.into())
    }
}

impl Writer {
    fn new(coding: Coding, levels: &Levels, pace: Pace) -> io::Result<Self> {
        let level = levels.of(coding, effort());
        let room = match pace {
            Pace::Whole(Some(length)) => usize::try_from(length / 4).unwrap_or(0).min(64 * 1024),
            _ => 4096,
        };
        let out = Vec::with_capacity(room);
        Ok(match coding {
            Coding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, i32::from(level))?;
                match pace {
                    // It fits its tables to the length.
                    Pace::Whole(Some(length)) => encoder.set_pledged_src_size(Some(length))?,
                    _ => encoder.window_log(pace.window_bits())?,
                }
                Self::Zstd(Box::new(encoder))
            }
            Coding::Br => {
                let params = BrotliEncoderParams {
                    quality: i32::from(level),
                    lgwin: i32::try_from(pace.window_bits()).unwrap_or(0),
                    size_hint: match pace {
                        Pace::Whole(Some(length)) => usize::try_from(length).unwrap_or(0),
                        _ => 0,
                    },
                    ..BrotliEncoderParams::default()
                };
                Self::Br(Box::new(CompressorWriter::with_params(out, 4096, &params)))
            }
            Coding::Gzip => Self::Gzip(Gzip::new(level, out)),
        })
    }

    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Zstd(writer) => writer.write_all(piece),
            Self::Br(writer) => writer.write_all(piece),
            Self::Gzip(writer) => writer.write(piece),
            Self::Over => Err(io::Error::other("a piece after the end")),
        }
    }

    /// What is encoded so far: all of it, if it is flushed; otherwise nothing until it is worth a system call.
    fn take(&mut self, is_flushed: bool) -> io::Result<Vec<u8>> {
        if !is_flushed && self.encoded() < WORTH_SENDING {
            return Ok(Vec::new());
        }
        let flushed = match self {
            _ if !is_flushed => Ok(()),
            Self::Zstd(writer) => writer.flush(),
            Self::Br(writer) => writer.flush(),
            Self::Gzip(writer) => writer.flush(),
            Self::Over => Ok(()),
        };
        flushed?;
        Ok(match self {
            Self::Zstd(writer) => mem::take(writer.get_mut()),
            Self::Br(writer) => mem::take(writer.get_mut()),
            Self::Gzip(writer) => writer.take(),
            Self::Over => Vec::new(),
        })
    }

    /// Bytes that can be taken.
    fn encoded(&self) -> usize {
        match self {
            Self::Zstd(writer) => writer.get_ref().len(),
            Self::Br(writer) => writer.get_ref().len(),
            Self::Gzip(writer) => writer.encoded(),
            Self::Over => 0,
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd(writer) => writer.finish(),
            Self::Br(writer) => Ok(writer.into_inner()),
            Self::Gzip(writer) => writer.finish(),
            Self::Over => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Read;

    fn route() -> Compression {
        Compression {
            terms: edge_config::Compression::default().to_policy(),
            cells: Arc::default(),
        }
    }

    /// Bytes that do not shrink.
    pub(super) fn noise(length: usize) -> Vec<u8> {
        let mut random = 1_u32;
        let next = |_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 24) as u8
        };
        (0..length).map(next).collect()
    }

    /// What a client reads of so many bytes; the end may not be there yet.
    fn decoded(coding: Coding, encoded: &[u8]) -> Vec<u8> {
        let mut decoded = Vec::new();
        let reader: &mut dyn Read = match coding {
            Coding::Zstd => &mut zstd::stream::read::Decoder::new(encoded).unwrap(),
            Coding::Br => &mut brotli::Decompressor::new(encoded, 4096),
            Coding::Gzip => &mut flate2::read::GzDecoder::new(encoded),
        };
        let _ = reader.read_to_end(&mut decoded);
        decoded
    }

    #[test]
    fn pieces_become_the_same_bytes() {
        let text = "{\"id\":1,\"content\":\"hello\"},".repeat(2000);
        for coding in Coding::ALL {
            for pace in [Pace::Whole(Some(text.len() as u64)), Pace::Whole(None), Pace::Live] {
                let route = route();
                let mut encoder = Encoder::new(&route, coding, pace).unwrap();
                let mut encoded = Vec::new();
                for piece in text.as_bytes().chunks(1000) {
                    encoded.extend(encoder.encode(piece, false).unwrap());
                }
                encoded.extend(encoder.encode(b"", true).unwrap());
                assert_eq!(decoded(coding, &encoded), text.as_bytes(), "{coding:?} {pace:?}");
                assert!(encoded.len() < text.len() / 5, "{coding:?} {pace:?}: {}", encoded.len());
                assert_eq!(route.cells.bytes_in.get(), text.len() as u64);
                assert_eq!(route.cells.bytes_out.get(), encoded.len() as u64);
                assert!(encoder.encode(b"more", false).is_err(), "it is over");
            }
        }
    }

    #[test]
    fn what_is_live_can_be_read_at_once() {
        for coding in Coding::ALL {
            let mut encoder = Encoder::new(&route(), coding, Pace::Live).unwrap();
            let (mut encoded, mut sent) = (Vec::new(), Vec::new());
            for event in 0..50 {
                let event = format!("id: {event}\ndata: {{\"a\":{event}}}\n\n");
                encoded.extend(encoder.encode(event.as_bytes(), false).unwrap());
                sent.extend(event.into_bytes());
                assert_eq!(decoded(coding, &encoded), sent, "{coding:?}");
            }
        }
    }

    #[test]
    fn what_nobody_waits_for_leaves_in_pieces_that_are_worth_it() {
        let body = noise(200_000);
        for coding in Coding::ALL {
            let mut encoder = Encoder::new(&route(), coding, Pace::Whole(None)).unwrap();
            let mut pieces: Vec<_> = body
                .chunks(1000)
                .map(|piece| encoder.encode(piece, false).unwrap())
                .collect();
            pieces.retain(|piece| !piece.is_empty());
            // Brotli gives nothing before its window is full.
            assert!(
                coding == Coding::Br || !pieces.is_empty(),
                "{coding:?}: not before the end"
            );
            assert!(pieces.iter().all(|piece| piece.len() >= WORTH_SENDING), "{coding:?}");
            let whole = [pieces.concat(), encoder.encode(b"", true).unwrap().to_vec()].concat();
            assert_eq!(decoded(coding, &whole), body, "{coding:?}");
        }
    }

    #[test]
    fn windows_are_no_larger_than_bodies_and_small_for_streams() {
        for (pace, bits) in [
            (Pace::Live, 15),
            (Pace::Whole(Some(0)), 15),
            (Pace::Whole(Some(40_000)), 16),
            (Pace::Whole(Some(u64::MAX)), 20),
            (Pace::Whole(None), 20),
        ] {
            assert_eq!(pace.window_bits(), bits, "{pace:?}");
        }
    }
}
