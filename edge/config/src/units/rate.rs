//! So many in such a time.

use super::{TimeSpan, is_number, text_type};
use edge_policy::rate_limit;
use std::{fmt, str::FromStr};

/// So many in such a time: `100/15m`, `20/m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(pub rate_limit::Rate);

text_type!(
    Rate,
    "rate",
    "a rate like `100/15m`",
    r"^[0-9]+/(([0-9]+(d|h|m|s|ms))+|d|h|m|s|ms)$"
);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = TimeSpan(self.0.per).to_string();
        // `20/m`, not `20/1m`.
        let per = match per.strip_prefix('1') {
            Some(unit) if unit.bytes().all(|b| b.is_ascii_alphabetic()) => unit,
            _ => &per,
        };
        write!(f, "{}/{per}", self.0.count)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || match meant(text) {
            Some(rate) => format!("`{text}` is not a rate; write `{rate}`"),
            None => format!("`{text}` is not a rate; write it like `100/15m` or `20/m`"),
        };
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

/// `100 per minute`, `100r/m`, `100 req/min`: what was probably meant.
fn meant(text: &str) -> Option<String> {
    let spelled = text.to_ascii_lowercase();
    let digits = spelled.find(|c: char| !c.is_ascii_digit())?;
    let count: u32 = spelled[..digits].parse().ok().filter(|count| *count > 0)?;
    let unit = spelled
        .rsplit(|c: char| !c.is_ascii_alphabetic())
        .find(|word| !word.is_empty())?;
    let unit = match unit {
        "s" | "sec" | "second" | "rps" => "s",
        "m" | "min" | "minute" | "rpm" => "m",
        "h" | "hr" | "hour" | "rph" => "h",
        "d" | "day" => "d",
        _ => return None,
    };
    Some(format!("{count}/{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn rate(count: u32, per: Duration) -> Rate {
        Rate(rate_limit::Rate { count, per })
    }

    #[test]
    fn reads_rates() {
        assert_eq!("100/15m".parse(), Ok(rate(100, Duration::from_secs(900))));
        assert_eq!("20/m".parse(), Ok(rate(20, Duration::from_secs(60))));
        assert_eq!(rate(20, Duration::from_secs(60)).to_string(), "20/m");
        let told = |text: &str| text.parse::<Rate>().unwrap_err();
        for text in ["100 per minute", "100r/m", "100 req/min"] {
            assert!(told(text).ends_with("; write `100/m`"), "{}", told(text));
        }
        for bad in ["20", "0/m", "20/", "/m", "20/x", "-1/m", "20/m/s", "1.5/s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        /// Law: what is shown reads as the same.
        #[test]
        fn shown_rates_read_back(count in 1u32.., ms in 1u64..1_000_000_000) {
            let rate = rate(count, Duration::from_millis(ms));
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }
    }
}
