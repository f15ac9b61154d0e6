//! PNG (<https://www.w3.org/TR/png-3/>): RGB pixels of noise, stored and not compressed, so that only checksums are computed.

use super::{TAG_BYTES, tag};
use crate::protocol::multipart::content::{Content, ROW_BYTES};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Pixels of a row: three bytes each, after the byte that names the row's filter.
const WIDTH: u32 = (ROW_BYTES as u32 - 1) / 3;
/// Rows that go into one block of deflate, which has at most 65,535 bytes.
const BLOCK_ROWS: u64 = 65_535 / ROW_BYTES as u64;
/// Length, type and checksum of a chunk.
const FRAME: u64 = 12;
/// zlib's two bytes before, and its checksum after.
const ZLIB: u64 = 2 + 4;
/// A deflate block's type and its length, twice.
const BLOCK_HEAD: u64 = 5;

/// One row.
pub(super) const LEAST: u64 = bytes_of(1);

/// The file with so many rows, and a tag without padding.
const fn bytes_of(rows: u64) -> u64 {
    let pixels = ZLIB + rows.div_ceil(BLOCK_ROWS) * BLOCK_HEAD + rows * ROW_BYTES as u64;
    SIGNATURE.len() as u64 + (FRAME + 13) + (FRAME + TAG_BYTES) + (FRAME + pixels) + FRAME
}

pub(super) fn make(bytes: u64, seed: u64) -> Content {
    let mut rows = bytes / ROW_BYTES as u64;
    while bytes_of(rows) > bytes {
        rows -= 1;
    }
    let mut png = Content::from(SIGNATURE);
    let mut head = Content::default();
    head.plain(&WIDTH.to_be_bytes());
    head.plain(&(rows as u32).to_be_bytes());
    // 8 bits, RGB, the one compression, the one filter method, not interlaced.
    head.plain(&[8, 2, 0, 0, 0]);
    chunk(&mut png, *b"IHDR", head);
    // Ancillary, private, safe to copy: readers pass over it.
    let mut padding = Content::from(tag(seed));
    padding.noise(seed, bytes - bytes_of(rows));
    chunk(&mut png, *b"noIs", padding);
    chunk(&mut png, *b"IDAT", pixels(rows, seed));
    chunk(&mut png, *b"IEND", Content::default());
    png
}

/// zlib (RFC 1950) around stored blocks (RFC 1951, section 3.2.4).
fn pixels(rows: u64, seed: u64) -> Content {
    let mut zlib = Content::from(&[0x78, 0x01][..]);
    let mut adler = simd_adler32::Adler32::new();
    let mut left = rows;
    while left > 0 {
        let count = left.min(BLOCK_ROWS);
        left -= count;
        let length = (count * ROW_BYTES as u64) as u16;
        let [low, high] = length.to_le_bytes();
        zlib.plain(&[u8::from(left == 0), low, high, !low, !high]);
        let mut block = Content::default();
        block.rows(seed.wrapping_add(left), count);
        block.chunks().for_each(|chunk| adler.write(&chunk));
        zlib.append(block);
    }
    zlib.plain(&adler.finish().to_be_bytes());
    zlib
}

fn chunk(png: &mut Content, kind: [u8; 4], data: Content) {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&kind);
    data.chunks().for_each(|chunk| checksum.update(&chunk));
    png.plain(&(data.length() as u32).to_be_bytes());
    png.plain(&kind);
    png.append(data);
    png.plain(&checksum.finalize().to_be_bytes());
}
