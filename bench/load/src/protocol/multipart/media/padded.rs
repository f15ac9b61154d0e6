//! Small pictures made large by what their formats let readers pass over.

use super::{TAG_BYTES, tag};
use crate::protocol::multipart::content::Content;

/// Start of image and the JFIF header, after which comments may stand.
const JPEG_HEAD: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
/// Tables and data of a grey square of 8 × 8 pixels, as libjpeg encodes it, and the end of image.
const JPEG_TAIL: &[u8] =
    b"\xff\xdb\x00\x43\x00\x10\x0b\x0c\x0e\x0c\x0a\x10\x0e\x0d\x0e\x12\x11\x10\x13\x18\x28\x1a\x18\
\x16\x16\x18\x31\x23\x25\x1d\x28\x3a\x33\x3d\x3c\x39\x33\x38\x37\x40\x48\x5c\x4e\x40\x44\x57\x45\x37\x38\x50\x6d\x51\
\x57\x5f\x62\x67\x68\x67\x3e\x4d\x71\x79\x70\x64\x78\x5c\x65\x67\x63\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\
\x00\xff\xc4\x00\x14\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xc4\x00\x14\x10\x01\
\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x3f\xff\xd9";
/// A comment's marker and length.
const JPEG_COMMENT: u64 = 4;
/// Most bytes of a comment's text: the length is 16 bits and counts itself.
const JPEG_MOST: u64 = 65_533;

/// Header, a comment with the tag, picture.
pub(super) const LEAST_JPEG: u64 = (JPEG_HEAD.len() + JPEG_TAIL.len()) as u64 + JPEG_COMMENT + TAG_BYTES;

/// ISO/IEC 10918-1, B.2.4.5: comment segments.
pub(super) fn jpeg(bytes: u64, seed: u64) -> Content {
    let mut jpeg = Content::from(JPEG_HEAD);
    let mut left = bytes - LEAST_JPEG;
    let mut start = tag(seed);
    loop {
        let noise = share(left, JPEG_MOST - start.len() as u64, JPEG_COMMENT);
        jpeg.plain(b"\xff\xfe");
        jpeg.plain(&((2 + start.len() as u64 + noise) as u16).to_be_bytes());
        jpeg.plain(start.as_bytes());
        jpeg.noise(seed.wrapping_add(left), noise);
        left -= noise;
        if left == 0 {
            break;
        }
        left -= JPEG_COMMENT;
        start.clear();
    }
    jpeg.plain(JPEG_TAIL);
    jpeg
}

/// How much of `left` goes into a block that has room for `most`, so that what remains is nothing or at least `least`.
fn share(left: u64, most: u64, least: u64) -> u64 {
    match left.checked_sub(most) {
        None | Some(0) => left,
        Some(rest) if rest < least => most - least,
        Some(_) => most,
    }
}

/// Header, screen of 1 × 1 pixels, a palette of two colours.
const GIF_HEAD: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
/// One pixel and the trailer.
const GIF_TAIL: &[u8] = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
/// A comment's introducer, label and terminator.
const GIF_COMMENT: u64 = 3;

/// Most bytes of a block.
const GIF_MOST: u64 = 255;

/// Header, a comment with the tag, picture.
pub(super) const LEAST_GIF: u64 = (GIF_HEAD.len() + GIF_TAIL.len()) as u64 + GIF_COMMENT + 1 + TAG_BYTES;

/// GIF89a, section 24: a comment in blocks of at most 255 bytes, of which each is told its length before.
pub(super) fn gif(bytes: u64, seed: u64) -> Content {
    let mut gif = Content::from(GIF_HEAD);
    gif.plain(b"\x21\xfe");
    let mut left = bytes - LEAST_GIF;
    let mut start = tag(seed);
    loop {
        // A block of no bytes would end the comment, so the next one is left two bytes at least.
        let noise = share(left, GIF_MOST - start.len() as u64, 2);
        gif.plain(&[(start.len() as u64 + noise) as u8]);
        gif.plain(start.as_bytes());
        gif.noise(seed.wrapping_add(left), noise);
        left -= noise;
        if left == 0 {
            break;
        }
        left -= 1;
        start.clear();
    }
    gif.plain(b"\0");
    gif.plain(GIF_TAIL);
    gif
}

/// One grey pixel without loss (RFC 9649, section 3).
const WEBP_PIXEL: &[u8] = b"VP8L\x0a\0\0\0\x2f\0\0\0\0\x45\x01\x23\xfa\x1f";
/// The extended format, which allows chunks that readers do not know: no features, a canvas of 1 × 1 pixels.
const WEBP_EXTENDED: &[u8] = b"VP8X\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// A chunk's name and length.
const RIFF_CHUNK: u64 = 8;

/// Header, picture, a chunk with the tag.
pub(super) const LEAST_WEBP: u64 = 12 + (WEBP_EXTENDED.len() + WEBP_PIXEL.len()) as u64 + RIFF_CHUNK + TAG_BYTES;

/// RFC 9649, section 2.7: chunks have an even length, and unknown ones are passed over.
pub(super) fn webp(bytes: u64, seed: u64) -> Content {
    let bytes = bytes.next_multiple_of(2);
    let length = |length: u64| (length as u32).to_le_bytes();
    let mut webp = Content::from(&b"RIFF"[..]);
    webp.plain(&length(bytes - RIFF_CHUNK));
    webp.plain(b"WEBP");
    webp.plain(WEBP_EXTENDED);
    webp.plain(WEBP_PIXEL);
    let padding = bytes - LEAST_WEBP;
    webp.plain(b"nois");
    webp.plain(&length(TAG_BYTES + padding));
    webp.plain(tag(seed).as_bytes());
    webp.noise(seed, padding);
    webp
}
