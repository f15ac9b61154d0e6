//! Media types as a configuration names them.

use std::{fmt, str::FromStr};

/// A set of media types: `application/json`, `text/*`, or `application/*+json` for all with that suffix (RFC 6839).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRange {
    /// `application`.
    main: Box<str>,
    sub: Sub,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sub {
    Any,
    Exactly(Box<str>),
    /// With the plus sign.
    Suffix(Box<str>),
}

/// What is no such set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a media type; write `text/html`, `text/*` or `application/*+json`")]
pub struct NoMediaRange;

impl FromStr for MediaRange {
    type Err = NoMediaRange;

    fn from_str(text: &str) -> Result<Self, NoMediaRange> {
        let (main, sub) = text.split_once('/').ok_or(NoMediaRange)?;
        // A restricted name of RFC 6838, section 4.2.
        let is_name = |name: &str| {
            !name.is_empty() && { name.bytes() }
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
        };
        let known = match sub.strip_prefix('*') {
            Some("") => Sub::Any,
            Some(suffix) if suffix.starts_with('+') && is_name(&suffix[1..]) => Sub::Suffix(suffix.into()),
            None if is_name(sub) => Sub::Exactly(sub.into()),
            _ => return Err(NoMediaRange),
        };
        match is_name(main) {
            true => Ok(Self {
                main: main.into(),
                sub: known,
            }),
            false => Err(NoMediaRange),
        }
    }
}

impl fmt::Display for MediaRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sub {
            Sub::Any => write!(f, "{}/*", self.main),
            Sub::Exactly(sub) => write!(f, "{}/{sub}", self.main),
            Sub::Suffix(suffix) => write!(f, "{}/*{suffix}", self.main),
        }
    }
}

impl MediaRange {
    /// Whether a type without parameters is one of it.
    pub fn includes(&self, essence: &str) -> bool {
        let Some((main, sub)) = essence.split_once('/') else {
            return false;
        };
        main.eq_ignore_ascii_case(&self.main)
            && match &self.sub {
                Sub::Any => true,
                Sub::Exactly(name) => sub.eq_ignore_ascii_case(name),
                Sub::Suffix(suffix) => {
                    let begin = sub.len().checked_sub(suffix.len());
                    begin.is_some_and(|begin| sub.as_bytes()[begin..].eq_ignore_ascii_case(suffix.as_bytes()))
                }
            }
    }
}

/// A media type without its parameters.
pub(super) fn essence(media: &str) -> &str {
    media.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_include() {
        for (range, inside, outside) in [
            ("text/*", "text/HTML", "application/json"),
            ("application/json", "Application/JSON", "application/json5"),
            ("application/*+json", "application/problem+json", "application/json"),
            ("image/*+xml", "image/svg+xml", "image/png"),
        ] {
            let read: MediaRange = range.parse().unwrap();
            assert!(read.includes(inside), "{range}");
            assert!(!read.includes(outside), "{range}");
            assert_eq!(read.to_string(), range);
        }
        for wrong in [
            "",
            "json",
            "*/*",
            "text/",
            "/x",
            "text/*x",
            "text/*+",
            "text/a b",
            "text/html; charset=utf-8",
        ] {
            assert!(wrong.parse::<MediaRange>().is_err(), "{wrong}");
        }
    }
}
