//! Names of stored files that cannot be guessed.

use std::fmt;
use uuid::Uuid;

/// A file's public name: 32 hexadecimal digits, random.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicId(String);

impl PublicId {
    /// A new random name.
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// Reads a name; `None` if it is not of our form, so that no path trick gets to a file system.
    pub fn parse(text: &str) -> Option<Self> {
        let ours = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        ours.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_form_is_read() {
        let id = PublicId::random();
        assert_eq!(PublicId::parse(id.as_str()), Some(id));
        for wrong in ["", "..", "../../etc/passwd", &"A".repeat(32), &"a".repeat(31)] {
            assert_eq!(PublicId::parse(wrong), None, "{wrong}");
        }
    }
}
