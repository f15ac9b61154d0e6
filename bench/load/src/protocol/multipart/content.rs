//! A file's bytes, as a list of pieces. Most of a large file is slices of one page of noise.

use bytes::Bytes;
use rand::{RngCore, SeedableRng, rngs::StdRng};
use std::sync::LazyLock;

/// Bytes of the page.
const PAGE_BYTES: usize = 1 << 20;
/// The page is rows of this many bytes. Each begins with a zero, so that whole rows are also scan lines of a PNG.
pub(super) const ROW_BYTES: usize = 1 << 10;

/// Random bytes above 127; a row's first is zero. No two ASCII bytes stand side by side, so no boundary can occur.
static PAGE: LazyLock<Bytes> = LazyLock::new(|| {
    let mut page = vec![0; PAGE_BYTES];
    StdRng::seed_from_u64(0x006e_6f69_7365).fill_bytes(&mut page);
    for (at, byte) in page.iter_mut().enumerate() {
        *byte = if at % ROW_BYTES == 0 { 0 } else { *byte | 0x80 };
    }
    page.into()
});

/// Some bytes.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// They may hold anything.
    Plain(Bytes),
    /// They hold no boundary, and none reaches across them.
    Noise(Bytes),
}

impl Piece {
    pub(super) fn bytes(&self) -> &Bytes {
        match self {
            Self::Plain(bytes) | Self::Noise(bytes) => bytes,
        }
    }
}

/// A file's bytes. Copies share them.
#[derive(Debug, Clone, Default)]
pub struct Content {
    pieces: Vec<Piece>,
    length: u64,
}

impl Content {
    /// How many bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The bytes, piece by piece.
    pub fn chunks(&self) -> impl Iterator<Item = Bytes> + use<> {
        self.pieces.clone().into_iter().map(|piece| match piece {
            Piece::Plain(bytes) | Piece::Noise(bytes) => bytes,
        })
    }

    pub(super) fn push(&mut self, piece: Piece) {
        let length = piece.bytes().len();
        if length > 0 {
            self.length += length as u64;
            self.pieces.push(piece);
        }
    }

    pub(super) fn plain(&mut self, bytes: &[u8]) {
        self.push(Piece::Plain(Bytes::copy_from_slice(bytes)));
    }

    pub(super) fn append(&mut self, other: Self) {
        self.length += other.length;
        self.pieces.extend(other.pieces);
    }

    /// `length` bytes of noise. Seeds that differ mostly begin elsewhere on the page.
    pub(super) fn noise(&mut self, seed: u64, length: u64) {
        self.page_from((spread(seed) % PAGE_BYTES as u64) as usize, length);
    }

    /// The same, `count` whole rows of it.
    pub(super) fn rows(&mut self, seed: u64, count: u64) {
        let row = spread(seed) % (PAGE_BYTES / ROW_BYTES) as u64;
        self.page_from(row as usize * ROW_BYTES, count * ROW_BYTES as u64);
    }

    fn page_from(&mut self, mut at: usize, mut length: u64) {
        while length > 0 {
            let here = length.min((PAGE_BYTES - at) as u64);
            self.push(Piece::Noise(PAGE.slice(at..at + here as usize)));
            length -= here;
            at = 0;
        }
    }

    /// Whether `boundary` occurs anywhere, across pieces too.
    pub(super) fn contains(&self, boundary: &str) -> bool {
        let finder = memchr::memmem::Finder::new(boundary);
        let mut run: Vec<u8> = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Plain(bytes) => run.extend_from_slice(bytes),
                Piece::Noise(_) => {
                    if finder.find(&run).is_some() {
                        return true;
                    }
                    run.clear();
                }
            }
        }
        finder.find(&run).is_some()
    }
}

impl<T: Into<Bytes>> From<T> for Content {
    fn from(bytes: T) -> Self {
        let mut content = Self::default();
        content.push(Piece::Plain(bytes.into()));
        content
    }
}

/// Makes neighbours far apart: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
fn spread(seed: u64) -> u64 {
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(content: &Content) -> Vec<u8> {
        content.chunks().collect::<Vec<_>>().concat()
    }

    #[test]
    fn noise_has_its_length_and_no_two_ascii_bytes_in_a_row() {
        let mut content = Content::default();
        content.noise(7, 3 * PAGE_BYTES as u64 + 5);
        assert_eq!(content.length(), 3 * PAGE_BYTES as u64 + 5);
        let bytes = bytes(&content);
        assert_eq!(bytes.len() as u64, content.length());
        assert!(bytes.windows(2).all(|pair| !(pair[0].is_ascii() && pair[1].is_ascii())));
    }

    #[test]
    fn rows_begin_with_a_zero() {
        let mut content = Content::default();
        content.rows(u64::MAX, 1500);
        assert!(
            bytes(&content)
                .chunks(ROW_BYTES)
                .all(|row| row.len() == ROW_BYTES && row[0] == 0)
        );
    }

    #[test]
    fn seeds_differ() {
        let of = |seed| {
            let mut content = Content::default();
            content.noise(seed, 64);
            bytes(&content)
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    proptest! {
        #[test]
        fn a_boundary_is_found_wherever_it_stands(before in 0_usize..20, cuts in prop::collection::vec(1_usize..30, 0..4)) {
            let text = [vec![b'-'; before].as_slice(), b"--boundary", b"-----"].concat();
            let (mut content, mut rest) = (Content::default(), text.as_slice());
            content.noise(3, 10);
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                content.plain(piece);
                rest = after;
            }
            content.plain(rest);
            prop_assert!(content.contains("--boundary"));
            prop_assert!(!content.contains("--boundary!"));
            content.noise(4, 1);
            content.plain(b"!");
            prop_assert!(content.contains("--boundary"));
        }
    }
}
