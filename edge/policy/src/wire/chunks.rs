//! The framing of a chunked body (RFC 9112, section 7.1) while it comes in. What servers disagree about ends the connection:
//! a size without digits, an extension with a line's end or a control character inside ("funky chunks"), a bare LF.

use super::Fault;

/// Longest line with a chunk's size and its extensions, bytes. Extensions are read past; nobody needs long ones.
const MAX_LINE: usize = 256;
/// Most bytes of a trailer section.
const MAX_TRAILERS: usize = 8192;

/// Looks at a body piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Chunks {
    at: At,
    size: u64,
    /// Bytes of the line, or of the trailers.
    line: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    /// In the digits of a size.
    #[default]
    Size,
    /// Behind them.
    Extension,
    /// Behind the CR of a size's line.
    SizeEnd,
    /// In a chunk.
    Data,
    /// Where a chunk's CR must stand.
    DataCr,
    /// Where its LF must stand.
    DataLf,
    /// At the begin of a trailer's line.
    TrailerStart,
    /// In a trailer's line.
    Trailer,
    /// Behind the CR of a trailer's line.
    TrailerEnd,
    /// Behind the CR that ends all.
    LastLf,
    /// Behind all.
    Done,
}

impl Chunks {
    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        self.at == At::Done
    }

    /// The next piece; what comes after the body's end is not looked at.
    ///
    /// # Errors
    /// How many bytes of the piece are good, up to [`Fault::Ambiguous`].
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), usize> {
        self.take(piece, |_| ())
    }

    /// The same, with what the chunks carry given to `data`.
    ///
    /// # Errors
    /// See [`Self::feed`].
    pub fn take(&mut self, piece: &[u8], mut data: impl FnMut(&[u8])) -> Result<(), usize> {
        let mut index = 0;
        while index < piece.len() && self.at != At::Done {
            if self.at == At::Data {
                let here = usize::try_from(self.size)
                    .unwrap_or(usize::MAX)
                    .min(piece.len() - index);
                self.size -= here as u64;
                data(&piece[index..index + here]);
                index += here;
                if self.size == 0 {
                    self.at = At::DataCr;
                }
                continue;
            }
            self.at = self.step(piece[index]).map_err(|_| index)?;
            index += 1;
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<At, Fault> {
        self.line += 1;
        Ok(match (self.at, byte) {
            (At::Size, digit) if digit.is_ascii_hexdigit() => {
                // Sixteen digits are all that a number has room for.
                if self.line > 16 {
                    return Err(Fault::Ambiguous);
                }
                let digit = char::from(digit).to_digit(16).unwrap_or_default();
                self.size = self.size << 4 | u64::from(digit);
                At::Size
            }
            (At::Size | At::Extension, b'\r') if self.line > 1 => At::SizeEnd,
            (At::Size, b';') if self.line > 1 => At::Extension,
            (At::Extension, byte) if is_text(byte) && self.line <= MAX_LINE => At::Extension,
            (At::SizeEnd, b'\n') => {
                self.line = 0;
                if self.size == 0 { At::TrailerStart } else { At::Data }
            }
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => {
                self.line = 0;
                At::Size
            }
            (At::TrailerStart, b'\r') => At::LastLf,
            (At::Trailer, b'\r') => At::TrailerEnd,
            (At::TrailerStart | At::Trailer, byte) if is_text(byte) && self.line <= MAX_TRAILERS => At::Trailer,
            (At::TrailerEnd, b'\n') => At::TrailerStart,
            (At::LastLf, b'\n') => At::Done,
            _ => return Err(Fault::Ambiguous),
        })
    }
}

/// What may stand in a line: everything but control characters.
const fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feed(text: &str) -> Result<bool, usize> {
        let mut chunks = Chunks::default();
        chunks.feed(text.as_bytes()).map(|()| chunks.is_done())
    }

    #[test]
    fn reads_one_way_only() {
        assert_eq!(feed("5\r\nhello\r\n0\r\n\r\n"), Ok(true));
        assert_eq!(feed("00000005;a=\"b c\"\r\nhello\r\n0\r\nX: y\r\n\r\nrest"), Ok(true));
        assert_eq!(feed("5\r\nhel"), Ok(false));
        for (text, good) in [
            ("\r\nhello", 0),
            (";a\r\n", 0),
            ("5 \r\n", 1),
            ("5\nhello", 1),
            ("5;a\nb\r\n", 3),
            ("5;a\rb\r\n", 4),
            ("5;a\0", 3),
            ("5\r\nhelloX", 8),
            ("5\r\nhello\n", 8),
            ("-5\r\n", 0),
            ("0x5\r\n", 1),
            ("00000000000000005\r\n", 16),
            ("0\r\nX: y\n", 7),
            ("0\r\n\n", 3),
        ] {
            assert_eq!(feed(text), Err(good), "{text:?}");
        }
        assert_eq!(feed(&format!("5;{}", "a".repeat(300))), Err(256));
    }

    proptest! {
        /// Laws: what a careful client writes is taken, and cuts make no difference.
        #[test]
        fn takes_what_is_well_formed(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..5),
            cuts in prop::collection::vec(0usize..200, 0..5),
        ) {
            let mut wire = Vec::new();
            for body in &bodies {
                wire.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
                wire.extend_from_slice(body);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (mut chunks, mut from, mut carried) = (Chunks::default(), 0, Vec::new());
            for cut in cuts.into_iter().chain([wire.len()]) {
                let to = cut.min(wire.len());
                prop_assert_eq!(chunks.take(&wire[from..to], |data| carried.extend_from_slice(data)), Ok(()));
                from = to;
            }
            prop_assert_eq!(carried, bodies.concat());
            prop_assert!(chunks.is_done());
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Chunks::default().feed(&bytes);
        }
    }
}
