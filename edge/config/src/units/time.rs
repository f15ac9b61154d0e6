//! Lengths of time.

use super::{is_number, split_number, text_type};
use std::{fmt, ops::Deref, str::FromStr, time::Duration};

/// A length of time: `500ms`, `10s`, `1h30m`. More than zero, less than a hundred years. Shown with the fewest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan(pub Duration);

text_type!(
    TimeSpan,
    "time",
    "a length of time like `10s`",
    r"^([0-9]+(d|h|m|s|ms))+$"
);

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];
const LONGEST_MS: u64 = 100 * 365 * 86_400_000;

impl TimeSpan {
    /// From whole milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

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

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        for (name, length) in UNITS.iter().rev() {
            if rest >= *length {
                write!(f, "{}{name}", rest / length)?;
                rest %= length;
            }
        }
        Ok(())
    }
}

impl FromStr for TimeSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match milliseconds(text).ok_or_else(|| wrong(text))? {
            0 => Err(format!(
                "`{text}` is no time at all; write it like `500ms`, `10s` or `1h30m`"
            )),
            LONGEST_MS.. => Err(too_long(text)),
            ms => Ok(Self(Duration::from_millis(ms))),
        }
    }
}

fn too_long(text: &str) -> String {
    format!("`{text}` is more than a hundred years; write a shorter one")
}

/// The sum of the parts. From large to small, each unit once: `30m1h` is a slip.
fn milliseconds(text: &str) -> Option<u64> {
    let (mut rest, mut total, mut smaller_than) = (text, 0u64, usize::MAX);
    while !rest.is_empty() {
        let (number, tail) = split_number(rest);
        let (unit, tail) = tail.split_at(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()));
        let place = UNITS.iter().position(|(name, _)| *name == unit)?;
        if place >= smaller_than {
            return None;
        }
        smaller_than = place;
        let number: u64 = number.parse().ok()?;
        total = total.checked_add(number.checked_mul(UNITS[place].1)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

/// Says what is wrong, with what was probably meant.
fn wrong(text: &str) -> String {
    const LIKE: &str = "write it like `500ms`, `10s` or `1h30m`";
    if is_number(text) {
        return match (meant(&format!("{text}s")), meant(&format!("{text}ms"))) {
            (Ok(seconds), Ok(ms)) => format!("`{text}` has no unit; write `{seconds}` or `{ms}`"),
            (Ok(seconds), Err(_)) => format!("`{text}` has no unit; write `{seconds}`"),
            (Err(None), _) => format!("`{text}` is no time at all, and has no unit; {LIKE}"),
            (Err(Some(words)), _) => words,
        };
    }
    match meant(text) {
        Ok(span) if text.contains('.') => {
            format!("`{text}` is not a length of time, parts are written in the next unit; write `{span}`")
        }
        Ok(span) => format!("`{text}` is not a length of time; write `{span}`"),
        Err(Some(words)) => words,
        Err(None) => format!("`{text}` is not a length of time; {LIKE}"),
    }
}

/// What an odd spelling means: spaces, capitals, long names of units, fractions. The error says more than that it means
/// nothing, if more can be said.
pub(super) fn meant(text: &str) -> Result<TimeSpan, Option<String>> {
    let spelled = text.to_ascii_lowercase().replace([' ', '_', '+'], "");
    let (mut rest, mut ms) = (spelled.as_str(), 0.0);
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(
            rest.find(|c: char| c != '.' && !c.is_ascii_digit())
                .unwrap_or(rest.len()),
        );
        let (unit, tail) = tail.split_at(tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len()));
        let length = match unit {
            "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => 1.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1e3,
            "m" | "min" | "mins" | "minute" | "minutes" => 6e4,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3.6e6,
            "d" | "day" | "days" => 8.64e7,
            "w" | "week" | "weeks" => 6.048e8,
            _ => return Err(None),
        };
        ms += number.parse::<f64>().map_err(|_| None)? * length;
        rest = tail;
    }
    match ms {
        ms if ms >= LONGEST_MS as f64 => Err(Some(too_long(text))),
        ms if ms >= 1.0 => Ok(TimeSpan(Duration::from_millis(ms.round() as u64))),
        _ => Err(None),
    }
}

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
        let fraction = "`1.5s` is not a length of time, parts are written in the next unit; write `1s500ms`";
        assert_eq!(ms("1.5s"), Err(fraction.into()));
        assert_eq!(
            ms("10 sec"),
            Err("`10 sec` is not a length of time; write `10s`".into())
        );
    }

    #[test]
    fn what_is_told_to_write_can_be_read() {
        let told = |text: &str| text.parse::<TimeSpan>().unwrap_err();
        for (text, cure) in [
            ("10S", "`10s`"),
            ("1h 30m", "`1h30m`"),
            ("30m1h", "`1h30m`"),
            ("1w", "`7d`"),
            ("+5s", "`5s`"),
            ("1.5", "`1s500ms` or `2ms`"),
            ("0", "it like `500ms`, `10s` or `1h30m`"),
            ("1h30", "it like `500ms`, `10s` or `1h30m`"),
            ("9999999999999999999999s", "a shorter one"),
        ] {
            assert!(told(text).ends_with(&format!("write {cure}")), "{}", told(text));
        }
        assert!(!told("10S").contains("next unit"));
    }

    proptest! {
        /// Law: what is shown reads as the same.
        #[test]
        fn shown_times_read_back(ms in 1u64..LONGEST_MS) {
            let span = TimeSpan(Duration::from_millis(ms));
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }
    }
}
