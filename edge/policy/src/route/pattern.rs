//! Patterns of paths: exact, template, prefix.

use super::INTERNAL;
use crate::path::is_under;

/// Which paths a rule takes. Paths are in normal form, see [`crate::path::normalise`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// One path.
    Exact(String),
    /// One path with parameters that each take one segment: `/api/sse/comments/{postId}`.
    Template(String),
    /// A path and all below it, segment by segment.
    Prefix(String),
}

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not a normal path.
    #[error("`{0}` is not a path in normal form: {1}")]
    Path(String, crate::path::PathError),
    /// A parameter is not a whole segment, `{name}`.
    #[error("`{0}`: a parameter is a whole segment, `{{name}}`")]
    Parameter(String),
    /// Below [`super::INTERNAL`], where no rule could ever win.
    #[error("`{0}`: paths below `{INTERNAL}` are the services' own and are never routed")]
    Internal(String),
}

impl Pattern {
    /// A path or a template.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn path(text: &str) -> Result<Self, PatternError> {
        let braces = |segment: &str| segment.contains(['{', '}']);
        let plain: String = text
            .split('/')
            .map(|s| if is_parameter(s) { "x" } else { s })
            .collect::<Vec<_>>()
            .join("/");
        if plain.split('/').any(braces) {
            return Err(PatternError::Parameter(text.to_owned()));
        }
        normal(text, &plain)?;
        Ok(if plain == text {
            Self::Exact(plain)
        } else {
            Self::Template(text.to_owned())
        })
    }

    /// A prefix. A slash at its end changes nothing.
    ///
    /// # Errors
    /// See [`PatternError`].
    pub fn prefix(text: &str) -> Result<Self, PatternError> {
        if text.contains(['{', '}']) {
            return Err(PatternError::Parameter(text.to_owned()));
        }
        normal(text, text)?;
        Ok(Self::Prefix(text.trim_end_matches('/').to_owned()))
    }

    /// What two patterns share if they take the same paths: parameters' names do not matter.
    pub fn shape(&self) -> Self {
        match self {
            Self::Template(text) => {
                let segments = text.split('/').map(|s| if is_parameter(s) { "{}" } else { s });
                Self::Template(segments.collect::<Vec<_>>().join("/"))
            }
            other => other.clone(),
        }
    }
}

fn normal(text: &str, plain: &str) -> Result<(), PatternError> {
    let refuse = |error| PatternError::Path(text.to_owned(), error);
    match crate::path::normalise(plain) {
        Ok(same) if same == plain && is_under(plain, INTERNAL) => Err(PatternError::Internal(text.to_owned())),
        Ok(same) if same == plain => Ok(()),
        Ok(_) => Err(refuse(crate::path::PathError::Escape)),
        Err(error) => Err(refuse(error)),
    }
}

/// The name of a segment that is a parameter, `{name}`.
pub fn parameter(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    name.filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

pub(super) fn is_parameter(segment: &str) -> bool {
    parameter(segment).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_paths_from_templates() {
        assert_eq!(Pattern::path("/graphql"), Ok(Pattern::Exact("/graphql".into())));
        assert_eq!(Pattern::path("/a/{id}/b"), Ok(Pattern::Template("/a/{id}/b".into())));
        assert_eq!(Pattern::prefix("/api/media/"), Ok(Pattern::Prefix("/api/media".into())));
        assert_eq!(Pattern::prefix("/"), Ok(Pattern::Prefix(String::new())));
        assert_eq!(
            Pattern::path("/a/{x}").unwrap().shape(),
            Pattern::path("/a/{y}").unwrap().shape()
        );
        assert_ne!(
            Pattern::path("/a/{x}").unwrap().shape(),
            Pattern::path("/{y}/a").unwrap().shape()
        );
        for bad in ["/a/{x", "/a/{}", "/a/{x}.json", "/a/{x y}"] {
            assert!(matches!(Pattern::path(bad), Err(PatternError::Parameter(_))), "{bad}");
        }
        for bad in ["", "a", "/a//b", "/../a", "/a?b", "/%61"] {
            assert!(matches!(Pattern::path(bad), Err(PatternError::Path(..))), "{bad}");
        }
        assert!(Pattern::prefix("/a/{x}").is_err());
        for bad in ["/internal", "/internal/{x}"] {
            assert_eq!(Pattern::path(bad), Err(PatternError::Internal(bad.to_owned())));
        }
        assert!(matches!(Pattern::prefix("/internal/"), Err(PatternError::Internal(_))));
        assert!(Pattern::path("/{x}/internal").is_ok());
    }
}
