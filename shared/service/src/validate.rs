//! Input rules, each naming its field.

use crate::{ApiError, ApiResult};
use std::ops::RangeInclusive;

/// Trimmed text whose length in characters lies in `range`, without control characters but line breaks and tabs.
pub fn text(field: &str, value: &str, range: RangeInclusive<usize>) -> ApiResult<String> {
    let value = value.trim();
    if value
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(ApiError::invalid(
            field,
            format!("{field} must not contain control characters"),
        ));
    }
    let length = value.chars().count();
    if *range.start() > 0 && value.chars().all(is_invisible) {
        return Err(ApiError::invalid(field, format!("{field} must not be empty")));
    }
    if !range.contains(&length) {
        let (least, most) = (range.start(), range.end());
        return Err(ApiError::invalid(
            field,
            format!("{field} must have {least} to {most} characters"),
        ));
    }
    Ok(value.to_owned())
}

/// Characters that take no place: a text of nothing else looks empty (Unicode's `Default_Ignorable_Code_Point`, the
/// usual ones).
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// An object's id: a positive whole number, as the platform itself writes it.
pub fn id(field: &str, value: &str) -> ApiResult<i64> {
    match value.parse::<i64>() {
        Ok(id) if id > 0 && !value.starts_with(['+', '0']) => Ok(id),
        _ => Err(ApiError::invalid(
            field,
            format!("{field} must be a positive whole number"),
        )),
    }
}

/// A page's size: `default` where none is given, else 1 to `most`.
pub fn limit(value: Option<i32>, default: i64, most: i64) -> ApiResult<i64> {
    match value.map(i64::from) {
        None => Ok(default),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(ApiError::invalid("limit", format!("limit must be 1 to {most}"))),
    }
}

/// An absolute `http` or `https` address, or a path on this platform such as `/media/…`; at most 2,048 bytes.
pub fn web_address(field: &str, value: &str) -> ApiResult<String> {
    // Browsers read a backslash as a slash, so `/\host` would lead off the platform.
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '\\' | '"' | '<' | '>' | '`');
    let local = value.starts_with('/') && !value.starts_with("//");
    let absolute = starts_with_scheme(value) && url::Url::parse(value).is_ok_and(|url| url.has_host());
    if value.len() > 2048 || !(local || absolute) || !value.chars().all(plain) {
        return Err(ApiError::invalid(field, format!("{field} must be an http(s) address")));
    }
    Ok(value.to_owned())
}

/// The URL Standard repairs `http:/host`; others do not.
fn starts_with_scheme(value: &str) -> bool {
    let schemes = ["http://", "https://"];
    schemes.iter().any(|scheme| {
        value
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_bounded() {
        assert_eq!(text("content", "  a\nb ", 1..=3).unwrap(), "a\nb");
        assert_eq!(text("content", "\u{2764}\u{fe0f}", 1..=3).unwrap(), "\u{2764}\u{fe0f}");
        for wrong in ["", "   ", "abcd", "a\u{0}", "\u{200b}", "\u{feff} \u{ad}"] {
            assert_eq!(
                text("content", wrong, 1..=3).unwrap_err().field.as_deref(),
                Some("content")
            );
        }
    }

    #[test]
    fn ids_are_positive_whole_numbers() {
        assert_eq!(id("id", "1").unwrap(), 1);
        for wrong in ["0", "-1", "+1", "01", "1.0", "x", "", "9223372036854775808"] {
            assert!(id("id", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_absolute_or_local() {
        for right in [
            "https://example.org/a.png",
            "HTTPS://[2001:db8::1]/ü?x=1",
            "/media/ab.png",
        ] {
            assert!(web_address("mediaUrls", right).is_ok(), "{right}");
        }
        for wrong in [
            "javascript:alert(1)",
            "//evil.example",
            "/\\evil.example",
            "http:/evil.example",
            "https:evil.example",
            "https://a/\"onload=",
            "ftp://x",
            "a.png",
            "https://",
            "/a b",
        ] {
            assert!(web_address("mediaUrls", wrong).is_err(), "{wrong}");
        }
    }
}
