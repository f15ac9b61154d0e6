//! Quantities as the file writes them. A number without its unit is refused: `15` of what?

use edge_policy::rate_limit;
use serde::{Deserialize, Deserializer, de};
use std::{fmt, ops::Deref, str::FromStr, time::Duration};

/// A length of time: `500ms`, `10s`, `1h30m`. More than zero, less than a hundred years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan(pub Duration);

/// A number of bytes: `512B`, `1KiB`, `50MiB`, `1GiB`. More than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// So many in such a time: `100/15m`, `20/m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(pub rate_limit::Rate);

const TIME_UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];
const SIZE_UNITS: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
const LONGEST_MS: u64 = 100 * 365 * 86_400_000;

impl TimeSpan {
    /// From whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl Deref for TimeSpan {
    type Target = Duration;

    fn deref(&self) -> &Duration {
        &self.0
    }
}

impl FromStr for TimeSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time; write it like `500ms`, `10s` or `1h30m`");
        if is_number(text) {
            return Err(format!("`{text}` has no unit; write `{text}s` or `{text}ms`"));
        }
        let (mut rest, mut total, mut smaller_than) = (text, 0u64, usize::MAX);
        while !rest.is_empty() {
            let (number, tail) = split_number(rest);
            let (unit, tail) = tail.split_at(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()));
            let place = TIME_UNITS
                .iter()
                .position(|(name, _)| *name == unit)
                .ok_or_else(wrong)?;
            // From large to small, each unit once: `30m1h` is a slip.
            if place >= smaller_than {
                return Err(wrong());
            }
            smaller_than = place;
            let number: u64 = number.parse().map_err(|_| wrong())?;
            total = number
                .checked_mul(TIME_UNITS[place].1)
                .and_then(|ms| total.checked_add(ms))
                .ok_or_else(wrong)?;
            rest = tail;
        }
        match total {
            0 => Err(format!(
                "`{text}` is no time at all; write it like `500ms`, `10s` or `1h30m`"
            )),
            LONGEST_MS.. => Err(format!("`{text}` is more than a hundred years")),
            ms => Ok(Self(Duration::from_millis(ms))),
        }
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a size; write it like `512B`, `1KiB` or `50MiB`");
        if is_number(text) {
            return Err(format!("`{text}` has no unit; write `{text}B` or `{text}KiB`"));
        }
        let (number, unit) = split_number(text);
        let (_, factor) = SIZE_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let bytes = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(*factor))
            .ok_or_else(wrong)?;
        if bytes == 0 {
            Err(format!("`{text}` leaves no room at all"))
        } else {
            Ok(Self(bytes))
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a rate; write it like `100/15m` or `20/m`");
        let (count, per) = text.split_once('/').ok_or_else(|| match is_number(text) {
            true => format!("`{text}` has no unit; write `{text}/m` or `{text}/s`"),
            false => wrong(),
        })?;
        let count: u32 = count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
        // `20/m` is short for `20/1m`.
        let per = if per.starts_with(|c: char| c.is_ascii_digit()) {
            per.to_owned()
        } else {
            format!("1{per}")
        };
        let per: TimeSpan = per.parse().map_err(|_| wrong())?;
        Ok(Self(rate_limit::Rate { count, per: per.0 }))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn split_number(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Reads a text with `FromStr`; a bare number goes the same way, so that it is told what it lacks.
struct FromText<T>(std::marker::PhantomData<T>, &'static str);

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
    deserializer.deserialize_any(FromText(std::marker::PhantomData, what))
}

macro_rules! from_text {
    ($type:ty, $what:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer, $what)
            }
        }
    };
}

from_text!(TimeSpan, "a length of time like `10s`");
from_text!(ByteSize, "a size like `1KiB`");
from_text!(Rate, "a rate like `100/15m`");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_times() {
        let ms = |text: &str| text.parse::<TimeSpan>().map(|span| span.as_millis());
        assert_eq!(ms("500ms"), Ok(500));
        assert_eq!(ms("1h30m"), Ok(5_400_000));
        assert_eq!(ms("1m1s1ms"), Ok(61_001));
        assert_eq!(ms("1d"), Ok(86_400_000));
        for bad in [
            "",
            "s",
            "1x",
            "1 s",
            "-1s",
            "1.5s",
            "30m1h",
            "1s1s",
            "0s",
            "99999999999999999999s",
            "9999999d",
            "1S",
        ] {
            assert!(ms(bad).is_err(), "{bad:?}");
        }
        assert_eq!(ms("15"), Err("`15` has no unit; write `15s` or `15ms`".into()));
    }

    #[test]
    fn reads_sizes_and_rates() {
        assert_eq!("51MiB".parse(), Ok(ByteSize(51 << 20)));
        assert_eq!("512B".parse(), Ok(ByteSize(512)));
        for bad in ["1MB", "1", "0B", "MiB", "1 KiB", "99999999999GiB"] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad:?}");
        }
        let rate = |count, seconds| {
            Rate(rate_limit::Rate {
                count,
                per: Duration::from_secs(seconds),
            })
        };
        assert_eq!("100/15m".parse(), Ok(rate(100, 900)));
        assert_eq!("20/m".parse(), Ok(rate(20, 60)));
        for bad in ["20", "0/m", "20/", "/m", "20/x", "-1/m", "20/m/s", "1.5/s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,20}|[0-9]{1,25}[a-zA-Z]{0,3}") {
            let _ = (text.parse::<TimeSpan>(), text.parse::<ByteSize>(), text.parse::<Rate>());
        }
    }
}
