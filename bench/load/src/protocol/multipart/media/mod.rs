//! Pictures and videos to upload: valid, of exactly the wanted size, each different, and made without computing much.
//!
//! A PNG is a real picture of noise. JPEG, GIF and WebP are a picture of few pixels with a long comment, since their
//! compression would cost the generator more than the upload costs the target. An MP4 has a header and one box of noise, which
//! no player shows.

mod mp4;
mod padded;
mod png;

use super::Content;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A picture of noise, 341 pixels wide.
    Png,
    /// A grey square with a comment.
    Jpeg,
    /// A pixel with a comment.
    Gif,
    /// A pixel with a chunk that readers pass over. Its size is always even.
    WebP,
    /// A movie without tracks.
    Mp4,
}

/// A size that the format cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a file of this format has {least} to {most} bytes, not {wanted}")]
pub struct SizeError {
    /// As asked for.
    pub wanted: u64,
    /// The smallest there is.
    pub least: u64,
    /// The largest: the service takes less, but a test may ask for too much.
    pub most: u64,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Png, Self::Jpeg, Self::Gif, Self::WebP, Self::Mp4];

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Mp4 => "video/mp4",
        }
    }

    /// What file names end with, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Mp4 => "mp4",
        }
    }

    /// Smallest and largest file, in bytes.
    pub fn bounds(self) -> (u64, u64) {
        let least = match self {
            Self::Png => png::LEAST,
            Self::Jpeg => padded::LEAST_JPEG,
            Self::Gif => padded::LEAST_GIF,
            Self::WebP => padded::LEAST_WEBP,
            Self::Mp4 => mp4::LEAST,
        };
        (least, 1 << 30)
    }

    /// A file of `bytes` bytes (WebP: one more where that is odd). Another `seed` makes another file.
    ///
    /// # Errors
    /// Where there is no such file.
    pub fn make(self, bytes: u64, seed: u64) -> Result<Content, SizeError> {
        let (least, most) = self.bounds();
        if !(least..=most).contains(&bytes) {
            return Err(SizeError {
                wanted: bytes,
                least,
                most,
            });
        }
        Ok(match self {
            Self::Png => png::make(bytes, seed),
            Self::Jpeg => padded::jpeg(bytes, seed),
            Self::Gif => padded::gif(bytes, seed),
            Self::WebP => padded::webp(bytes, seed),
            Self::Mp4 => mp4::make(bytes, seed),
        })
    }
}

/// What makes a file different from all others: its seed, as text.
const TAG_BYTES: u64 = 16;

fn tag(seed: u64) -> String {
    format!("{seed:016x}")
}
