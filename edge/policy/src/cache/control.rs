//! `Cache-Control` (RFC 9111, section 5.2; RFC 5861).

use http::{HeaderMap, header};
use std::time::Duration;

/// More than this is as good as for ever, and cannot overflow a time (RFC 9111, section 1.2.2).
const LONGEST: u64 = 1 << 31;

/// What an answer says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResponseControl {
    /// Nobody keeps it.
    pub no_store: bool,
    /// Kept or not, it is asked for again each time. One that names fields counts as one that names none.
    pub no_cache: bool,
    /// It is for one user. One that names fields counts as one that names none.
    pub private: bool,
    /// It may be kept even though its request showed who asks.
    pub public: bool,
    /// Once stale it is never given without asking: `must-revalidate`, `proxy-revalidate`.
    pub must_revalidate: bool,
    /// Fresh for so long in any cache.
    pub max_age: Option<Duration>,
    /// Fresh for so long in a cache that many share.
    pub s_maxage: Option<Duration>,
    /// Given for so long after that while it is asked for again.
    pub stale_while_revalidate: Option<Duration>,
    /// Given for so long after that where asking again fails.
    pub stale_if_error: Option<Duration>,
}

impl ResponseControl {
    /// Reads an answer's fields. `Pragma: no-cache` counts where there is no `Cache-Control` at all, as old services mean it.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        for (name, value) in directives(headers) {
            let time = || Some(seconds(value.as_deref()));
            let least = |known: Option<Duration>| known.min(time()).or_else(time);
            match name.as_str() {
                "no-store" => control.no_store = true,
                "no-cache" => control.no_cache = true,
                "private" => control.private = true,
                "public" => control.public = true,
                "must-revalidate" | "proxy-revalidate" => control.must_revalidate = true,
                // Of two that differ the shorter holds (section 4.2.1).
                "max-age" => control.max_age = least(control.max_age),
                "s-maxage" => control.s_maxage = least(control.s_maxage),
                "stale-while-revalidate" => control.stale_while_revalidate = least(control.stale_while_revalidate),
                "stale-if-error" => control.stale_if_error = least(control.stale_if_error),
                _ => {}
            }
        }
        if !headers.contains_key(header::CACHE_CONTROL) {
            let pragma = headers.get(header::PRAGMA);
            control.no_cache = pragma.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"no-cache"));
        }
        control
    }

    /// Whether it may be kept although its request showed who asks (section 3.5).
    pub fn is_for_all(&self) -> bool {
        self.public || self.must_revalidate || self.s_maxage.is_some()
    }
}

/// What a request says. All else that it may say (`no-cache`, `max-age`) is advice, and not followed: clients could wear a service
/// out with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestControl {
    /// Neither it nor its answer is to be kept.
    pub no_store: bool,
    /// Answer from the cache or not at all.
    pub only_if_cached: bool,
}

impl RequestControl {
    /// Reads a request's fields.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        for (name, _) in directives(headers) {
            match name.as_str() {
                "no-store" => control.no_store = true,
                "only-if-cached" => control.only_if_cached = true,
                _ => {}
            }
        }
        control
    }
}

/// What is no number counts as none at all: the answer is stale at once.
fn seconds(value: Option<&str>) -> Duration {
    let digits = value.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    // Too many digits are more than any number.
    let number = digits.map_or(0, |text| text.parse().unwrap_or(LONGEST));
    Duration::from_secs(number.min(LONGEST))
}

/// Names in lower case, and values without their quotes, in the order they stand.
fn directives(headers: &HeaderMap) -> impl Iterator<Item = (String, Option<String>)> {
    let lines = headers.get_all(header::CACHE_CONTROL).iter();
    lines.flat_map(|line| {
        let text = String::from_utf8_lossy(line.as_bytes());
        split(&text).into_iter().map(|part| {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name, Some(value.trim().trim_matches('"').trim().to_owned())),
                None => (part.as_str(), None),
            };
            (name.trim().to_ascii_lowercase(), value)
        })
    })
}

/// At commas that stand in no quotes.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(letter);
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> ResponseControl {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::CACHE_CONTROL, line.parse().unwrap());
        }
        ResponseControl::of(&headers)
    }

    const fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn directives_are_read_in_any_case_over_lines_and_in_quotes() {
        let control = of(&[
            "Public, MAX-AGE = \"60\"",
            "s-maxage=5 ,stale-if-error=86400,,x=\"no-store, private\"",
        ]);
        let want = ResponseControl {
            public: true,
            max_age: secs(60),
            s_maxage: secs(5),
            stale_if_error: secs(86_400),
            ..ResponseControl::default()
        };
        assert_eq!(control, want);
        assert!(of(&["private=\"set-cookie, x\""]).private && of(&["no-cache=\"a\""]).no_cache);
    }

    #[test]
    fn what_is_no_number_is_stale_at_once_and_the_shorter_of_two_holds() {
        for wrong in ["max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=x"] {
            assert_eq!(of(&[wrong]).max_age, secs(0), "{wrong}");
        }
        assert_eq!(of(&["max-age=9, max-age=3"]).max_age, secs(3));
        assert_eq!(of(&["max-age=99999999999999999999"]).max_age, secs(LONGEST));
    }

    #[test]
    fn pragma_counts_alone() {
        let mut headers = HeaderMap::new();
        headers.insert(header::PRAGMA, "No-Cache".parse().unwrap());
        assert!(ResponseControl::of(&headers).no_cache);
        headers.insert(header::CACHE_CONTROL, "max-age=1".parse().unwrap());
        assert!(!ResponseControl::of(&headers).no_cache);
    }
}
