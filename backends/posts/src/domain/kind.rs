//! Kinds of posts.

use shared_service::{ApiError, ApiResult};

/// What a post mainly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostType {
    /// Words.
    #[default]
    Text,
    /// Pictures.
    Image,
    /// Moving pictures.
    Video,
}

impl PostType {
    /// As clients, events and the database write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Image => "IMAGE",
            Self::Video => "VIDEO",
        }
    }

    /// Reads a client's text.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` for `postType` where it is none of the three.
    pub fn parse(text: &str) -> ApiResult<Self> {
        [Self::Text, Self::Image, Self::Video]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| ApiError::invalid("postType", "postType must be TEXT, IMAGE or VIDEO"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        for kind in [PostType::Text, PostType::Image, PostType::Video] {
            assert_eq!(PostType::parse(kind.as_str()).unwrap(), kind);
        }
        for wrong in ["", "text", "POEM", " TEXT"] {
            assert_eq!(
                PostType::parse(wrong).unwrap_err().field.as_deref(),
                Some("postType"),
                "{wrong}"
            );
        }
    }
}
