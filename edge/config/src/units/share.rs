//! Parts of a whole: `20%`, `0.5`. Kept in ten-thousandths, so that two can be compared exactly.

use super::text_type;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};
use std::{borrow::Cow, fmt, str::FromStr};

const WHOLE: u32 = 10_000;

/// A share of all: `20%`, `0.5%`. More than zero, at most `100%`, two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

text_type!(Percent, "share", "a share like `20%`", r"^[0-9]{1,3}(\.[0-9]{1,2})?%$");

impl Percent {
    /// One in two.
    pub const HALF: Self = Self(WHOLE / 2);
    /// One in twenty.
    pub const TWENTIETH: Self = Self(WHOLE / 20);
    /// One in five.
    pub const FIFTH: Self = Self(WHOLE / 5);

    /// As a part of 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 100.0)
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(number) = text.strip_suffix('%') else {
            return Err(match text.parse::<f64>() {
                Ok(number) if number > 0.0 && number <= 1.0 => {
                    format!("`{text}` has no unit; write `{}%`", number * 100.0)
                }
                Ok(_) => format!("`{text}` has no unit; write `{text}%`"),
                Err(_) => format!("`{text}` is not a share; write it like `20%`"),
            });
        };
        if number.parse::<f64>().is_err() {
            let cure = match number.trim().parse::<f64>() {
                Ok(number) => format!("write `{number}%`"),
                Err(_) => "write it like `20%`".to_owned(),
            };
            return Err(format!("`{text}` is not a share; {cure}"));
        }
        let share = number
            .parse()
            .ok()
            .and_then(|number: f64| ten_thousandths(number / 100.0));
        let share =
            share.ok_or_else(|| format!("`{text}` is not more than 0% and at most 100%; write it like `20%`"))?;
        Ok(Self(share))
    }
}

/// A part of one: `0.5`. More than zero, at most 1, four decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ratio(u32);

impl Ratio {
    /// One in two.
    pub const HALF: Self = Self(WHOLE / 2);
    /// Four in five.
    pub const MOST: Self = Self(WHOLE / 5 * 4);

    /// As a part of 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.ratio())
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RatioVisitor)
    }
}

struct RatioVisitor;

impl Visitor<'_> for RatioVisitor {
    type Value = Ratio;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number like `0.5`")
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Ratio, E> {
        let share = ten_thousandths(number).map(Ratio);
        share.ok_or_else(|| {
            E::custom(format!(
                "`{number}` is not more than 0 and at most 1; write it like `0.5`"
            ))
        })
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Ratio, E> {
        match number {
            1 => Ok(Ratio(WHOLE)),
            _ => Err(E::custom(format!(
                "`{number}` is not more than 0 and at most 1; write it like `0.5`"
            ))),
        }
    }

    /// A variable's text.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Ratio, E> {
        match text.trim().parse() {
            Ok(number) => self.visit_f64(number),
            Err(_) => Err(E::custom(format!("`{text}` is not a number; write it like `0.5`"))),
        }
    }
}

impl JsonSchema for Ratio {
    fn schema_name() -> Cow<'static, str> {
        "Ratio".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 })
    }
}

fn ten_thousandths(part: f64) -> Option<u32> {
    let share = (part * f64::from(WHOLE)).round();
    // The bounds make the conversion exact.
    (share >= 1.0 && share <= f64::from(WHOLE)).then_some(share as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_shares() {
        assert_eq!("50%".parse(), Ok(Percent::HALF));
        assert_eq!("0.5%".parse::<Percent>().map(Percent::ratio), Ok(0.005));
        for bad in ["", "%", "0%", "101%", "-1%", "NaN%", "inf%", "20 %x"] {
            assert!(bad.parse::<Percent>().is_err(), "{bad:?}");
        }
        assert_eq!("0.2".parse::<Percent>(), Err("`0.2` has no unit; write `20%`".into()));
        assert_eq!("20".parse::<Percent>(), Err("`20` has no unit; write `20%`".into()));
    }

    proptest! {
        /// Law: what is shown reads as the same.
        #[test]
        fn shown_shares_read_back(share in 1u32..=WHOLE) {
            prop_assert_eq!(Percent(share).to_string().parse(), Ok(Percent(share)));
        }
    }
}
