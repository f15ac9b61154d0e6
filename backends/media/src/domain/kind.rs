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
        let found = if head.starts_with(&EBML) {
            webm(head)?
        } else {
            infer::get(head)?.mime_type()
        };
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
