//! MP4 (ISO/IEC 14496-12): the boxes that every file has, and one that holds what would be pictures and sound.

use super::{TAG_BYTES, tag};
use crate::protocol::multipart::content::Content;

/// Length and type.
const BOX_HEAD: u64 = 8;
/// The file type: major brand `isom`, version 512, and the brands that it is compatible with.
const FTYP: &[u8] = b"isom\0\0\x02\0isomiso2mp41";
/// Fields of a movie header, version 0 (section 8.2.2).
const MVHD: u64 = 100;

/// All boxes, with a tag.
pub(super) const LEAST: u64 = (BOX_HEAD + FTYP.len() as u64) + (BOX_HEAD + BOX_HEAD + MVHD) + (BOX_HEAD + TAG_BYTES);

pub(super) fn make(bytes: u64, seed: u64) -> Content {
    let mut mp4 = Content::default();
    put(&mut mp4, *b"ftyp", Content::from(FTYP));
    let mut movie = Content::default();
    put(&mut movie, *b"mvhd", Content::from(movie_header().to_vec()));
    put(&mut mp4, *b"moov", movie);
    let mut media = Content::from(tag(seed));
    media.noise(seed, bytes - LEAST);
    put(&mut mp4, *b"mdat", media);
    mp4
}

/// One second, at normal rate and volume, not turned.
fn movie_header() -> [u8; MVHD as usize] {
    const ONE: [u8; 4] = [0, 1, 0, 0];
    let mut header = [0; MVHD as usize];
    // (offset, value): timescale, duration, rate, volume, the diagonal of the matrix, the next track's number.
    let fields: [(usize, &[u8]); 8] = [
        (12, &1000_u32.to_be_bytes()),
        (16, &1000_u32.to_be_bytes()),
        (20, &ONE),
        (24, &[1, 0]),
        (36, &ONE),
        (52, &ONE),
        (68, &[0x40, 0, 0, 0]),
        (96, &1_u32.to_be_bytes()),
    ];
    for (at, value) in fields {
        header[at..at + value.len()].copy_from_slice(value);
    }
    header
}

fn put(parent: &mut Content, kind: [u8; 4], data: Content) {
    parent.plain(&((BOX_HEAD + data.length()) as u32).to_be_bytes());
    parent.plain(&kind);
    parent.append(data);
}
