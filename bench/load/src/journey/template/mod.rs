//! Texts with gaps: `Bearer {{token}}`, `/posts/{{zipf posts.id}}`.
//!
//! | gap | what fills it |
//! |---|---|
//! | `{{name}}` | a variable: captured from an answer, or set; empty (in JSON `null`) until then |
//! | `{{nonce}}` | a word that no other iteration has |
//! | `{{client}}` | the client's number, from 0 |
//! | `{{iteration}}` | the number of the client's iteration, from 0; in its first steps 0 |
//! | `{{random 1 100}}` | a whole number from a range, both ends included |
//! | `{{zipf 1000}}`, `{{zipf 1000 1.2}}` | a rank from 1 on, by a power law: rank k comes up k^exponent times as rarely as rank 1 |
//! | `{{zipf posts.id}}`, `{{zipf posts.id 1.2}}` | a column of the system's data, its row by the same law, the first one the most often |
//! | `{{pick users.email}}` | a column of a random row, of one row throughout an iteration |
//! | `{{row users.email}}` | a column of the row that is the client's own: its number modulo the rows |
//! | `{{other users.email}}` | a column of a random row that is not the client's own, of one row throughout an iteration |
//! | `{{ip}}`, `{{ip fresh}}` | an address from 198.18.0.0/15 (RFC 2544, for benchmarks): the client's own, or this iteration's |
//! | `{{"{{"}}` | a text as it stands |
//!
//! A template is read once. What is rendered by request is a list of ready texts and gaps, see [`Program`].

mod compile;
mod json;
mod parse;
mod render;
#[cfg(test)]
mod tests;

pub use compile::{CompileError, Program, Scope};
pub use json::JsonTemplate;
pub(crate) use parse::{FUNCTIONS, is_name};
pub use render::{Memory, Shared, Variable};

use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// A text with gaps, as the file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// What a template is made of.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Gap(Gap),
}

/// What fills a gap.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Gap {
    Variable(String),
    Nonce,
    Client,
    Iteration,
    Random { from: i64, to: i64 },
    ZipfRank { ranks: u64, exponent: f64 },
    ZipfCell { column: ColumnName, exponent: f64 },
    Pick(ColumnName),
    Row(ColumnName),
    Other(ColumnName),
    Ip { fresh: bool },
}

/// `users.email`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnName {
    pub(crate) table: String,
    pub(crate) column: String,
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What cannot be read, and how it should look.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::pieces(text).map(|pieces| Self { pieces })
    }

    /// All gaps, in order.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Gap(gap) => Some(gap),
            Piece::Text(_) => None,
        })
    }

    /// The text of a template without gaps.
    pub fn constant(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What it begins with, up to its first gap.
    pub(crate) fn beginning(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = Template;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Template, E> {
                Template::parse(text).map_err(E::custom)
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Template, E> {
                self.visit_str(if value { "true" } else { "false" })
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Template, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Template, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Template, E> {
                self.visit_str(&number.to_string())
            }
        }

        deserializer.deserialize_any(Text)
    }
}
