//! Kinds of media, their limits, and the formats accepted for each.

/// As many leading bytes as telling a format takes.
pub const SNIFF_BYTES: usize = 4096;

/// What an upload is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JPEG, PNG, GIF, WebP; at most 5 MiB.
    Image,
    /// MP4, WebM; at most 50 MiB.
    Video,
}

impl Kind {
    /// Name of the multipart field that carries it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
        }
    }

    /// Most bytes of a file.
    pub fn max_bytes(self) -> u64 {
        match self {
            Self::Image => 5 << 20,
            Self::Video => 50 << 20,
        }
    }

    /// The accepted formats, for people.
    pub fn formats(self) -> &'static str {
        match self {
            Self::Image => "JPEG, PNG, GIF or WebP",
            Self::Video => "MP4 or WebM",
        }
    }
}

/// A stored file's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// The file name's extension, without a dot.
    pub extension: &'static str,
    /// The `Content-Type` it is served with.
    pub content_type: &'static str,
    kind: Kind,
}

const FORMATS: &[Format] = &[
    Format {
        extension: "jpg",
        content_type: "image/jpeg",
        kind: Kind::Image,
    },
    Format {
        extension: "png",
        content_type: "image/png",
        kind: Kind::Image,
    },
    Format {
        extension: "gif",
        content_type: "image/gif",
        kind: Kind::Image,
    },
    Format {
        extension: "webp",
        content_type: "image/webp",
        kind: Kind::Image,
    },
    Format {
        extension: "mp4",
        content_type: "video/mp4",
        kind: Kind::Video,
    },
    Format {
        extension: "webm",
        content_type: "video/webm",
        kind: Kind::Video,
    },
];

impl Format {
    /// Tells the format by the file's first bytes; `None` if it is not one accepted for `kind`.
    pub fn sniff(kind: Kind, head: &[u8]) -> Option<Self> {
        let found = content_type(head)?;
        FORMATS
            .iter()
            .find(|format| format.kind == kind && format.content_type == found)
            .copied()
    }

    /// The format a stored file's extension stands for.
    pub fn of_extension(extension: &str) -> Option<Self> {
        FORMATS.iter().find(|format| format.extension == extension).copied()
    }
}

/// Whole signatures: three letters would let a text through that begins with "GIF".
fn content_type(head: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, bytes: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(bytes));
    match head {
        // ISO/IEC 10918-1, B.1.1.3: start of image, then another marker.
        _ if at(0, b"\xff\xd8\xff") => Some("image/jpeg"),
        // PNG, section 5.2 and 5.6: the signature, then the header's chunk.
        _ if at(0, b"\x89PNG\r\n\x1a\n") && at(12, b"IHDR") => Some("image/png"),
        _ if at(0, b"GIF87a") || at(0, b"GIF89a") => Some("image/gif"),
        // RFC 9649, section 2.4.
        _ if at(0, b"RIFF") && at(8, b"WEBP") => Some("image/webp"),
        // ISO/IEC 14496-12, section 4.3: the box that names the brand.
        _ if at(4, b"ftyp") => MP4_BRANDS.iter().any(|brand| at(8, *brand)).then_some("video/mp4"),
        _ if at(0, &EBML) => webm(head),
        _ => None,
    }
}

/// Major brands of MP4 files (mp4ra.org); others of the same container are QuickTime, HEIF or AVIF.
const MP4_BRANDS: &[&[u8; 4]] = &[
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"mp71",
    b"avc1", b"dash", b"mmp4", b"MSNV", b"M4V ",
];

/// Matroska and WebM share this magic number (RFC 8794); the document type tells them apart.
const EBML: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];

fn webm(head: &[u8]) -> Option<&'static str> {
    const DOC_TYPE: [u8; 2] = [0x42, 0x82];
    let at = head.windows(2).position(|pair| pair == DOC_TYPE)? + 3;
    head.get(at..)?.starts_with(b"webm").then_some("video/webm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let cases: &[(&[u8], Kind, Option<&str>)] = &[
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Kind::Image, Some("jpg")),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Kind::Image, Some("png")),
            (b"GIF89a\x01\0\x01\0", Kind::Image, Some("gif")),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Kind::Image, Some("webp")),
            (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", Kind::Video, Some("mp4")),
            (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", Kind::Video, Some("mp4")),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87\x81",
                Kind::Video,
                Some("webm"),
            ),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska",
                Kind::Video,
                None,
            ),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Kind::Video, None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'>", Kind::Image, None),
            (b"%PDF-1.7", Kind::Image, None),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", Kind::Video, None),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Kind::Image, None),
            (b"GIFts for everybody", Kind::Image, None),
            (b"\x89PNG but no more", Kind::Image, None),
            (b"\x89PNG\r\n\x1a\n", Kind::Image, None),
            (b"plain text", Kind::Image, None),
            (b"", Kind::Image, None),
        ];
        for (head, kind, extension) in cases {
            assert_eq!(
                Format::sniff(*kind, head).map(|format| format.extension),
                *extension,
                "{head:?}"
            );
        }
    }
}
