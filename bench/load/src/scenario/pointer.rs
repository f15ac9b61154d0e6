//! Places in JSON (RFC 6901), with `*` for every item of a list.

use edge_config::units::from_text;
use serde::{Deserialize, Deserializer};
use std::{fmt, str::FromStr};

/// `/data/getPosts/posts/0/id`, `/data/getPosts/posts/*/id`; empty for the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    pub(crate) segments: Vec<Segment>,
}

/// A part of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A key of an object, or the number of an item.
    Key(String),
    /// Every item.
    Each,
}

impl Pointer {
    /// Whether it may name several places.
    pub fn is_many(&self) -> bool {
        self.segments.contains(&Segment::Each)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() { "the whole" } else { &self.text })
    }
}

impl FromStr for Pointer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return Err(format!(
                "`{text}` is not a place in JSON; write `/{text}` (RFC 6901, and `*` for every item)"
            ));
        }
        for part in parts {
            let key = part.replace("~1", "/").replace("~0", "~");
            segments.push(if part == "*" { Segment::Each } else { Segment::Key(key) });
        }
        Ok(Self {
            text: text.to_owned(),
            segments,
        })
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a place in JSON like `/data/id`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_places() {
        let pointer: Pointer = "/a~1b/*/~0c/0".parse().unwrap();
        let key = |text: &str| Segment::Key(text.to_owned());
        assert_eq!(pointer.segments, [key("a/b"), Segment::Each, key("~c"), key("0")]);
        assert!(pointer.is_many());
        assert_eq!("".parse::<Pointer>().unwrap().segments, []);
        assert!("data/id".parse::<Pointer>().unwrap_err().contains("write `/data/id`"));
    }
}
