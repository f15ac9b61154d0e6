//! `multipart/form-data` (RFC 7578): fields and files, and files to upload that cost next to nothing to make.
//!
//! A form's length is known before it is sent, its boundary is known not to occur in it, and its files are streamed out of
//! memory that all forms share.

mod content;
pub mod media;
#[cfg(test)]
mod tests;

pub use content::Content;
pub use media::Format;

use super::Body;
use bytes::Bytes;
use content::Piece;
use http::HeaderValue;

/// A form that is being filled in.
#[derive(Debug, Clone, Default)]
pub struct Form {
    parts: Vec<(String, Content)>,
}

impl Form {
    /// An empty form.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        let head = format!("Content-Disposition: form-data; name=\"{}\"\r\n\r\n", escaped(name));
        self.parts.push((head, Content::from(Bytes::from(value.into()))));
        self
    }

    /// Adds a file. `content_type` must be a media type, in one line.
    #[must_use]
    pub fn file(mut self, name: &str, file_name: &str, content_type: &str, content: impl Into<Content>) -> Self {
        let (name, file_name) = (escaped(name), escaped(file_name));
        let head = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: {content_type}\r\n\r\n"
        );
        self.parts.push((head, content.into()));
        self
    }

    /// The form as it is sent.
    pub fn encode(self) -> Encoded {
        loop {
            let boundary = format!("----bench{:032x}", rand::random::<u128>());
            if !self
                .parts
                .iter()
                .any(|(head, content)| head.contains(&boundary) || content.contains(&boundary))
            {
                return self.encode_with(&boundary);
            }
        }
    }

    fn encode_with(self, boundary: &str) -> Encoded {
        let mut content = Content::default();
        for (head, part) in self.parts {
            content.push(Piece::Plain(format!("--{boundary}\r\n{head}").into()));
            content.append(part);
            content.push(Piece::Plain(Bytes::from_static(b"\r\n")));
        }
        content.push(Piece::Plain(format!("--{boundary}--\r\n").into()));
        Encoded {
            boundary: boundary.to_owned(),
            content,
        }
    }
}

/// As HTML writes names within quotes (section 4.10.21.8).
fn escaped(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A form that can be sent, over and over.
#[derive(Debug, Clone)]
pub struct Encoded {
    boundary: String,
    content: Content,
}

impl Encoded {
    /// The request's `Content-Type`.
    pub fn content_type(&self) -> HeaderValue {
        // The boundary is made of letters, digits and hyphens.
        HeaderValue::try_from(format!("multipart/form-data; boundary={}", self.boundary))
            .unwrap_or(HeaderValue::from_static("multipart/form-data"))
    }

    /// Bytes of the body: its `Content-Length`.
    pub fn length(&self) -> u64 {
        self.content.length()
    }

    /// The request's body. It announces its length.
    pub fn body(&self) -> Body {
        Body::chunks(self.content.chunks(), Some(self.length()))
    }
}
