//! What a client wants to write, checked.

use super::{Post, PostType};
use shared_service::{ApiError, ApiResult, validate};

/// Most characters of a post's text.
const MAX_CONTENT: usize = 5000;
/// Most media of a post.
const MAX_MEDIA: usize = 10;

/// The written part of a post, known to be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The text, trimmed; empty only where there are media.
    pub content: String,
    /// The kind.
    pub kind: PostType,
    /// Media, at most ten.
    pub media_urls: Vec<String>,
}

impl Draft {
    /// Checks what a client sent; the kind is `TEXT` where none is given.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` that names `content`, `postType` or `mediaUrls`.
    pub fn new(content: &str, kind: Option<&str>, media_urls: &[String]) -> ApiResult<Self> {
        let kind = kind.map_or(Ok(PostType::default()), PostType::parse)?;
        let media_urls = media(media_urls)?;
        let least = usize::from(media_urls.is_empty());
        let content = validate::text("content", content, least..=MAX_CONTENT)?;
        Ok(Self {
            content,
            kind,
            media_urls,
        })
    }
}

/// A change of a post: what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The new text.
    pub content: Option<String>,
    /// The new kind, as the client wrote it.
    pub kind: Option<String>,
    /// The new media; they replace all old ones.
    pub media_urls: Option<Vec<String>>,
}

impl Change {
    /// Refuses a change that changes nothing, before the post is looked at.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` that names `input`.
    pub fn check(&self) -> ApiResult<()> {
        if self.content.is_none() && self.kind.is_none() && self.media_urls.is_none() {
            return Err(ApiError::invalid("input", "input must change something"));
        }
        Ok(())
    }

    /// `post` with this change; the result must be a valid post as a whole.
    ///
    /// # Errors
    /// As [`Draft::new`].
    pub fn apply(&self, post: &Post) -> ApiResult<Draft> {
        Draft::new(
            self.content.as_deref().unwrap_or(&post.content),
            Some(self.kind.as_deref().unwrap_or(&post.post_type)),
            self.media_urls.as_deref().unwrap_or(&post.media_urls),
        )
    }
}

fn media(urls: &[String]) -> ApiResult<Vec<String>> {
    if urls.len() > MAX_MEDIA {
        return Err(ApiError::invalid(
            "mediaUrls",
            format!("mediaUrls must have at most {MAX_MEDIA} addresses"),
        ));
    }
    urls.iter().map(|url| validate::web_address("mediaUrls", url)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(result: ApiResult<Draft>) -> Option<String> {
        result.unwrap_err().field
    }

    #[test]
    fn content_may_be_empty_beside_media_only() {
        let media = ["/media/a.png".to_owned()];
        assert_eq!(Draft::new(" ", None, &media).unwrap().content, "");
        assert_eq!(field(Draft::new(" ", None, &[])).as_deref(), Some("content"));
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let longest = "ä".repeat(MAX_CONTENT);
        assert_eq!(Draft::new(&longest, Some("IMAGE"), &[]).unwrap().kind, PostType::Image);
        assert_eq!(
            field(Draft::new(&format!("{longest}ä"), None, &[])).as_deref(),
            Some("content")
        );
        let urls = vec!["https://example.org/a".to_owned(); MAX_MEDIA + 1];
        assert!(Draft::new("a", None, &urls[1..]).is_ok());
        assert_eq!(field(Draft::new("a", None, &urls)).as_deref(), Some("mediaUrls"));
    }

    #[test]
    fn a_change_must_change_something() {
        assert_eq!(Change::default().check().unwrap_err().field.as_deref(), Some("input"));
        assert!(
            Change {
                kind: Some("VIDEO".into()),
                ..Change::default()
            }
            .check()
            .is_ok()
        );
    }
}
