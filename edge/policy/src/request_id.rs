//! Names of a request: `X-Request-Id` and W3C Trace Context.

/// Longest client id that is kept, in bytes.
pub const MAX_LENGTH: usize = 64;

/// The client's id if it is 1 to [`MAX_LENGTH`] of `A-Z a-z 0-9 . _ -`, else a fresh one (a UUIDv7: ids then sort by
/// time). Anything else could forge log lines.
pub fn request_id(client: Option<&[u8]>, fresh: impl FnOnce() -> String) -> String {
    let safe = |b: &u8| b.is_ascii_alphanumeric() || b"._-".contains(b);
    client
        .filter(|id| !id.is_empty() && id.len() <= MAX_LENGTH && id.iter().all(safe))
        .and_then(|id| std::str::from_utf8(id).ok())
        .map_or_else(fresh, str::to_owned)
}

/// A fresh id: a UUIDv7 (RFC 9562, section 5.7) of the milliseconds since the Unix epoch and 74 of the random bits, as 32 hex digits.
pub fn fresh(unix_millis: u64, random: u128) -> String {
    const BELOW_TIME: u128 = (1 << 80) - 1;
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let random = random & BELOW_TIME & !VERSION & !VARIANT;
    let id = u128::from(unix_millis) << 80 | 7 << 76 | 0b10 << 62 | random;
    let mut text = String::with_capacity(32);
    push_hex(&mut text, &id.to_be_bytes());
    text
}

/// The client's `traceparent` if it is valid (version 00 and later, W3C Trace Context, section 3.2), else a new trace
/// with these ids, sampled. The ids must not be all zero.
pub fn traceparent(client: Option<&[u8]>, fresh: impl FnOnce() -> (u128, u64)) -> String {
    if let Some(valid) = client
        .and_then(|value| std::str::from_utf8(value).ok())
        .filter(|value| is_traceparent(value))
    {
        return valid.to_owned();
    }
    let (trace, span) = fresh();
    let mut text = String::with_capacity(55);
    text.push_str("00-");
    push_hex(&mut text, &trace.max(1).to_be_bytes());
    text.push('-');
    push_hex(&mut text, &span.max(1).to_be_bytes());
    text.push_str("-01");
    text
}

/// `{:032x}` of a 128-bit number takes ten times as long.
fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

fn is_traceparent(value: &str) -> bool {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let some = |part: &str| part.bytes().any(|b| b != b'0');
    let mut parts = value.split('-');
    let (Some(version), Some(trace), Some(span), Some(flags)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    // Version 00 has four parts; a later one may have more, and ff is forbidden.
    let tail = version != "00" || parts.next().is_none();
    let ids = hex(trace, 32) && some(trace) && hex(span, 16) && some(span);
    value.len() <= 128 && hex(version, 2) && version != "ff" && ids && hex(flags, 2) && tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_clean_id_and_replaces_the_rest() {
        let id = |client: Option<&str>| request_id(client.map(str::as_bytes), || "fresh".into());
        assert_eq!(id(Some("abc-1.2_Z")), "abc-1.2_Z");
        assert_eq!(id(Some(&"a".repeat(64))), "a".repeat(64));
        for bad in ["", &"a".repeat(65), "a b", "a\nb", "é", "a;b", "<x>"] {
            assert_eq!(id(Some(bad)), "fresh", "{bad:?}");
        }
        assert_eq!(id(None), "fresh");
    }

    #[test]
    fn a_fresh_id_is_a_uuid_of_version_7() {
        assert_eq!(fresh(0x017f_22e2_79b0, 0), "017f22e279b070008000000000000000");
        assert_eq!(fresh(0x017f_22e2_79b0, u128::MAX), "017f22e279b07fffbfffffffffffffff");
        assert!(fresh(1, u128::MAX) < fresh(2, 0), "they sort by time");
    }

    #[test]
    fn keeps_a_valid_traceparent_and_makes_one_otherwise() {
        let of = |client: &str| traceparent(Some(client.as_bytes()), || (0xabc, 0x1));
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(of(good), good);
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
        assert_eq!(of(later), later);
        let fresh = "00-00000000000000000000000000000abc-0000000000000001-01";
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let upper = "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01";
        let ff = "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for bad in [zero, upper, ff, "", "00", "00-abc-def-01", &format!("{good}-x")] {
            assert_eq!(of(bad), fresh, "{bad:?}");
        }
        assert_eq!(of(&of("")), fresh, "what we make is valid");
    }
}
