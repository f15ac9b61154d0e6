//! So many in such a time.

use super::{TimeSpan, is_number, text_type, time};
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
        read(text).ok_or_else(|| wrong(text))
    }
}

/// `20/m` is short for `20/1m`.
fn read(text: &str) -> Option<Rate> {
    let (count, per) = text.split_once('/')?;
    let count = count.parse().ok().filter(|count| *count > 0)?;
    let per: TimeSpan = match per.starts_with(|c: char| c.is_ascii_digit()) {
        true => per.parse(),
        false => format!("1{per}").parse(),
    }
    .ok()?;
    Some(Rate(rate_limit::Rate { count, per: per.0 }))
}

fn wrong(text: &str) -> String {
    const LIKE: &str = "write it like `100/15m` or `20/m`";
    match (meant(text), meant(&format!("{text}/m")), meant(&format!("{text}/s"))) {
        (Some(rate), ..) => format!("`{text}` is not a rate; write `{rate}`"),
        (None, Some(minute), Some(second)) if is_number(text) => {
            format!("`{text}` has no unit; write `{minute}` or `{second}`")
        }
        _ => format!(
            "`{text}` is not a rate, a count from 1 to {} in some time; {LIKE}",
            u32::MAX
        ),
    }
}

/// What an odd spelling means: `100 per minute`, `100r/m`, `100 req/min`, `0.5/s`.
fn meant(text: &str) -> Option<Rate> {
    let spelled = text.to_ascii_lowercase().replace('_', "").replace('\\', "/");
    let (count, rest) = spelled.split_at(spelled.find(|c: char| c != '.' && !c.is_ascii_digit())?);
    let rest = match rest.trim() {
        "rps" => "/s",
        "rpm" => "/m",
        "rph" => "/h",
        rest => rest,
    };
    let per = match rest.split_once('/') {
        Some((_, per)) => per,
        None => rest.split_once("per")?.1,
    };
    let per = per.trim();
    let per = match per.starts_with(|c: char| c.is_ascii_digit()) {
        true => time::meant(per),
        false => time::meant(&format!("1{per}")),
    };
    let (count, per) = (count.parse::<f64>().ok()?, per.ok()?);
    // A part of one in a second is one in several.
    let times = (1..=1000u32).find(|times| (count * f64::from(*times)).fract() == 0.0)?;
    let count = count * f64::from(times);
    let fits = count >= 1.0 && count <= f64::from(u32::MAX);
    fits.then(|| {
        Rate(rate_limit::Rate {
            count: count as u32,
            per: per.0 * times,
        })
    })
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
        for (text, cure) in [
            ("100", "`100/m` or `100/s`"),
            ("0.5/s", "`1/2s`"),
            ("100/1.5m", "`100/1m30s`"),
            ("100/min", "`100/m`"),
            ("100rps", "`100/s`"),
            ("1/99999d", "it like `100/15m` or `20/m`"),
            ("1000000000000/s", "it like `100/15m` or `20/m`"),
        ] {
            assert!(told(text).ends_with(&format!("write {cure}")), "{}", told(text));
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
