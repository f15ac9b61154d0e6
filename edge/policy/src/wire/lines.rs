//! The lines of an HTTP/1 head while they come in. HTTP libraries take a bare LF for a line's end (RFC 9112, section 2.2
//! lets them) and others do not, so that two servers may see two different heads: here a line ends with CR LF or not at all.

use super::Fault;
use memchr::memchr2;

/// The field that says that a body comes in chunks, as it begins its line.
const CODING: &[u8] = b"transfer-encoding:";

/// Looks at a head piece by piece, and finds its end.
#[derive(Debug, Clone)]
pub struct Lines {
    max_bytes: usize,
    max_fields: usize,
    bytes: usize,
    /// Lines that are complete, the request line included.
    lines: usize,
    /// Bytes of the present line.
    line: usize,
    /// The last byte was a CR.
    cr: bool,
    /// An empty line was passed over before the request line.
    skipped: bool,
    first_line: usize,
    /// Spaces in the request line.
    spaces: usize,
    /// How many bytes of the present line agree with [`CODING`].
    agrees: usize,
    has_coding: bool,
}

impl Lines {
    /// A head of at most so many bytes and fields.
    pub const fn new(max_bytes: usize, max_fields: usize) -> Self {
        Self {
            max_bytes,
            max_fields,
            bytes: 0,
            lines: 0,
            line: 0,
            cr: false,
            skipped: false,
            first_line: 0,
            spaces: 0,
            agrees: 0,
            has_coding: false,
        }
    }

    /// Whether anything has come.
    pub const fn has_begun(&self) -> bool {
        self.bytes > 0
    }

    /// Length of the request line without its end, as it came. A library that repairs a line changes it.
    pub const fn first_line(&self) -> usize {
        self.first_line
    }

    /// Whether a line of the head begins like `Transfer-Encoding`.
    pub const fn has_coding(&self) -> bool {
        self.has_coding
    }

    /// The next piece. Tells how many of its bytes belong to the head, if the head ends in it.
    ///
    /// # Errors
    /// [`Fault::Ambiguous`] at a CR or LF that stands alone, [`Fault::TooLarge`] beyond the bounds.
    pub fn feed(&mut self, piece: &[u8]) -> Result<Option<usize>, Fault> {
        let mut rest = piece;
        while let Some(first) = rest.first() {
            if self.cr {
                if *first != b'\n' {
                    return Err(Fault::Ambiguous);
                }
                self.cr = false;
                rest = &rest[1..];
                if self.end_line()? {
                    return Ok(Some(piece.len() - rest.len()));
                }
                continue;
            }
            let at = memchr2(b'\r', b'\n', rest);
            let text = &rest[..at.unwrap_or(rest.len())];
            self.text(text)?;
            match at {
                Some(at) if rest[at] == b'\r' => {
                    self.cr = true;
                    rest = &rest[at + 1..];
                }
                Some(_) => return Err(Fault::Ambiguous),
                None => break,
            }
        }
        Ok(None)
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Fault> {
        if self.lines == 0 {
            self.request_line(text)?;
        }
        self.bytes += text.len();
        if self.bytes > self.max_bytes {
            return Err(Fault::TooLarge);
        }
        if self.agrees == self.line && self.line < CODING.len() {
            let wanted = &CODING[self.line..];
            let both = wanted.len().min(text.len());
            if text[..both].eq_ignore_ascii_case(&wanted[..both]) {
                self.agrees += both;
                self.has_coding |= self.agrees == CODING.len();
            }
        }
        self.line += text.len();
        Ok(())
    }

    /// A third space, or what cannot be seen, stands in a target: libraries escape it, where others see the target's end.
    fn request_line(&mut self, text: &[u8]) -> Result<(), Fault> {
        for byte in text {
            match byte {
                b' ' => self.spaces += 1,
                0..=0x1f | 0x7f => return Err(Fault::Ambiguous),
                _ => {}
            }
        }
        if self.spaces > 2 { Err(Fault::Ambiguous) } else { Ok(()) }
    }

    /// Whether that was the head's last line.
    fn end_line(&mut self) -> Result<bool, Fault> {
        self.bytes += 2;
        if self.line == 0 {
            if self.lines > 0 {
                return Ok(true);
            }
            // One empty line before a request is to be passed over (RFC 9112, section 2.2).
            return if std::mem::replace(&mut self.skipped, true) {
                Err(Fault::Ambiguous)
            } else {
                Ok(false)
            };
        }
        if self.lines == 0 {
            self.first_line = self.line;
        }
        self.lines += 1;
        self.line = 0;
        self.agrees = 0;
        if self.lines > self.max_fields + 1 {
            return Err(Fault::TooLarge);
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feed(text: &str) -> Result<Option<usize>, Fault> {
        Lines::new(200, 3).feed(text.as_bytes())
    }

    #[test]
    fn a_head_ends_with_its_empty_line() {
        assert_eq!(feed("GET / HTTP/1.1\r\nHost: a\r\n\r\nbody"), Ok(Some(27)));
        assert_eq!(feed("GET / HTTP/1.1\r\nHost: a\r\n"), Ok(None));
        assert_eq!(feed("\r\nGET / HTTP/1.1\r\n\r\n"), Ok(Some(20)));
        for text in [
            "\n",
            "\r\n\r\n",
            "GET /\n",
            "GET /\r\nA: b\n",
            "GET /\r\nA: b\rc",
            "GET /\r\r\n",
        ] {
            assert_eq!(feed(text), Err(Fault::Ambiguous), "{text:?}");
        }
    }

    #[test]
    fn a_head_is_bounded_before_it_ends() {
        assert_eq!(feed(&"x".repeat(300)), Err(Fault::TooLarge));
        assert_eq!(feed("GET /\r\na:\r\nb:\r\nc:\r\nd:\r\n"), Err(Fault::TooLarge));
        assert_eq!(feed("GET /\r\na:\r\nb:\r\nc:\r\n\r\n"), Ok(Some(21)));
    }

    #[test]
    fn codings_are_noticed() {
        let has = |text: &str| {
            let mut lines = Lines::new(200, 5);
            lines.feed(text.as_bytes()).unwrap();
            (lines.has_coding(), lines.first_line())
        };
        assert_eq!(has("POST /\r\nTransfer-ENCODING: x\r\n\r\n"), (true, 6));
        assert_eq!(has("POST /a\r\nX: transfer-encoding: x\r\n\r\n"), (false, 7));
        assert_eq!(has("POST /\r\nTransfer-Encodings: x\r\n\r\n"), (false, 6));
    }

    proptest! {
        /// Law: where a head is cut into pieces makes no difference.
        #[test]
        fn pieces_make_no_difference(
            text in "([aTt]ransfer-encoding: x|[a-c: ]{0,6}|\r\n|\r\n\r\n|\r|\n){0,12}",
            cuts in prop::collection::vec(0usize..80, 0..6),
        ) {
            let run = |cuts: &[usize]| {
                let mut lines = Lines::new(60, 4);
                let mut from = 0;
                for cut in cuts.iter().copied().chain([text.len()]) {
                    let to = cut.min(text.len());
                    match lines.feed(&text.as_bytes()[from..to]) {
                        Ok(None) => from = to,
                        Ok(Some(end)) => return Ok(Some((from + end, lines.has_coding(), lines.first_line()))),
                        Err(fault) => return Err(fault),
                    }
                }
                Ok(None)
            };
            let mut cuts = cuts;
            cuts.sort_unstable();
            prop_assert_eq!(run(&cuts), run(&[]));
        }
    }
}
