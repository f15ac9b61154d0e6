//! Quantities as the file writes them. A number without its unit is refused: `15` of what?

mod after;
mod rate;
mod share;
mod size;
mod time;

pub use after::HedgeAfter;
pub use rate::Rate;
pub use share::{Percent, Ratio};
pub use size::ByteSize;
pub use time::TimeSpan;

use serde::{Deserializer, de};
use std::{fmt, marker::PhantomData, str::FromStr};

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn split_number(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Reads a text with `FromStr`; a bare number goes the same way, so that it is told what it lacks.
struct FromText<T>(PhantomData<T>, &'static str);

impl<T: FromStr<Err = String>> de::Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

/// Deserialises a quantity that is written as a text; `what` names it with an example: ``a length of time like `10s` ``.
///
/// # Errors
/// The one of `FromStr`, or that something stands there which is neither text nor number.
pub fn from_text<'de, T, D>(deserializer: D, what: &'static str) -> Result<T, D::Error>
where
    T: FromStr<Err = String>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(FromText(PhantomData, what))
}

/// A quantity that stands in the file as a text: read by `FromStr`, shown by `Display`, its form told by a pattern.
macro_rules! text_type {
    ($type:ident, $title:literal, $what:literal, $pattern:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::units::from_text(deserializer, $what)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "title": $title, "type": "string", "pattern": $pattern })
            }
        }
    };
}
use text_type;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,20}|[0-9]{1,25}[a-zA-Z]{0,3}") {
            let _ = (text.parse::<TimeSpan>(), text.parse::<ByteSize>());
            let _ = (text.parse::<Rate>(), text.parse::<Percent>());
        }
    }
}
