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
    if length < *range.start() && length == 0 {
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

/// An object's id: a positive whole number, as text.
pub fn id(field: &str, value: &str) -> ApiResult<i64> {
    match value.parse::<i64>() {
        Ok(id) if id > 0 && !value.starts_with('+') => Ok(id),
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
    let local = value.starts_with('/') && !value.starts_with("//");
    let absolute = url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if value.len() > 2048 || !(local || absolute) || value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(ApiError::invalid(field, format!("{field} must be an http(s) address")));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_bounded() {
        assert_eq!(text("content", "  a\nb ", 1..=3).unwrap(), "a\nb");
        for wrong in ["", "   ", "abcd", "a\u{0}"] {
            assert_eq!(
                text("content", wrong, 1..=3).unwrap_err().field.as_deref(),
                Some("content")
            );
        }
    }

    #[test]
    fn ids_are_positive_whole_numbers() {
        assert_eq!(id("id", "1").unwrap(), 1);
        for wrong in ["0", "-1", "+1", "1.0", "x", "", "9223372036854775808"] {
            assert!(id("id", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_absolute_or_local() {
        for right in ["https://example.org/a.png", "/media/ab.png"] {
            assert!(web_address("mediaUrls", right).is_ok(), "{right}");
        }
        for wrong in [
            "javascript:alert(1)",
            "//evil.example",
            "ftp://x",
            "a.png",
            "https://",
            "/a b",
        ] {
            assert!(web_address("mediaUrls", wrong).is_err(), "{wrong}");
        }
    }
}
