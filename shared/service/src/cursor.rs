//! Opaque keyset cursors.

use crate::{ApiError, validate};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use shared_contracts::Code;

/// Points behind the last item of a page, by its id. Stable while items are added, since it names a place and not a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Id of the last item seen.
    pub id: i64,
}

impl Cursor {
    /// The text that clients carry; `kind` keeps a cursor of one list from being used on another.
    pub fn encode(self, kind: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{kind}:{}", self.id))
    }

    /// Reads what [`Cursor::encode`] wrote for the same `kind`; anything else is `INVALID_CURSOR`.
    pub fn decode(kind: &str, text: &str) -> Result<Self, ApiError> {
        let wrong = || ApiError::new(Code::InvalidCursor, "This cursor was not made by this list").with_field("cursor");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let (found, id) = text.split_once(':').ok_or_else(wrong)?;
        if found != kind {
            return Err(wrong());
        }
        validate::id("cursor", id).map(|id| Self { id }).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_own_and_nothing_else() {
        let text = Cursor { id: 42 }.encode("posts");
        assert_eq!(Cursor::decode("posts", &text).unwrap().id, 42);
        for wrong in [text.as_str(), "", "42", "%%%", "cG9zdHM6"] {
            assert_eq!(Cursor::decode("comments", wrong).unwrap_err().code, Code::InvalidCursor);
        }
        for id in ["-1", "0", "+5", " 5", "9223372036854775808"] {
            let forged = URL_SAFE_NO_PAD.encode(format!("posts:{id}"));
            assert_eq!(
                Cursor::decode("posts", &forged).unwrap_err().code,
                Code::InvalidCursor,
                "{id}"
            );
        }
    }
}
