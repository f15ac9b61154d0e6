//! When a request is hedged: `p95`, `30ms`, `never`.

use super::{TimeSpan, is_number, text_type};
use edge_policy::hedge::Percentile;
use std::{fmt, str::FromStr};

/// How long a request waits for one instance before a second one is asked: a percentile of recent answers (`p50` to `p99.9`), a
/// length of time, or `never`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HedgeAfter {
    /// No second one is asked.
    Never,
    /// As long as this part of the recent requests waited.
    Percentile(Percentile),
    /// So long.
    Time(TimeSpan),
}

text_type!(
    HedgeAfter,
    "percentile, time or `never`",
    "a percentile like `p95`, a length of time like `30ms`, or `never`",
    r"^(never|p[5-9][0-9](\.[0-9])?|([0-9]+(d|h|m|s|ms))+)$"
);

impl fmt::Display for HedgeAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Percentile(percentile) => percentile.fmt(f),
            Self::Time(time) => time.fmt(f),
        }
    }
}

impl FromStr for HedgeAfter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        if let Ok(percentile) = text.parse() {
            return Ok(Self::Percentile(percentile));
        }
        text.parse().map(Self::Time).map_err(|words: String| wrong(text, words))
    }
}

/// Says what is wrong, with what was probably meant; `words` are those for a time.
fn wrong(text: &str, words: String) -> String {
    let lower = text.to_ascii_lowercase();
    let number = lower.trim_start_matches('p').trim_end_matches('%').trim();
    let meant = format!("p{number}").parse::<Percentile>().ok();
    match meant {
        Some(percentile) if is_number(text) => {
            format!("`{text}` has no unit; write `{percentile}`, or a time like `{number}ms`")
        }
        Some(percentile) => format!("`{text}` is no percentile; write `{percentile}`"),
        None if matches!(lower.as_str(), "off" | "no" | "none" | "false" | "disabled") => {
            format!("`{text}` is no time; write `never`")
        }
        None if lower.starts_with('p') => {
            format!("`{text}` is no percentile; they go from `p50` to `p99.9`")
        }
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_reads_as_the_same() {
        for text in ["never", "p50", "p95", "p99.9", "30ms", "1s500ms"] {
            assert_eq!(text.parse::<HedgeAfter>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_slip_is_told_with_its_cure() {
        for (text, cure) in [
            ("95", "write `p95`, or a time like `95ms`"),
            ("95%", "write `p95`"),
            ("P99", "write `p99`"),
            ("p95%", "write `p95`"),
            ("off", "write `never`"),
            ("p100", "they go from `p50` to `p99.9`"),
            ("p5", "they go from `p50` to `p99.9`"),
            ("30", "write `30s` or `30ms`"),
            ("30 ms", "write `30ms`"),
            ("soon", "write it like `500ms`, `10s` or `1h30m`"),
        ] {
            let told = text.parse::<HedgeAfter>().unwrap_err();
            assert!(told.ends_with(cure), "{text}: {told}");
        }
    }
}
