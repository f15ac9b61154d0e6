//! Finds a token in a request head.

use http::{HeaderMap, header};

/// The credentials of `Authorization: Bearer …` (RFC 6750); the scheme's case does not matter.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = split_once(value, b' ')?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer") && !token.is_empty()).then(|| text(token))
}

/// The value of the first non-empty cookie called `name` (RFC 6265, section 5.4), over all `Cookie` headers.
///
/// Other cookies may hold any bytes: browsers send what a page has set, UTF-8 for instance.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let values = headers.get_all(header::COOKIE).iter();
    values.flat_map(|value| pieces(value.as_bytes())).find_map(|pair| {
        let (key, value) = split_once(pair, b'=')?;
        let value = value.trim_ascii();
        let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        let value = unquoted.unwrap_or(value);
        (key.trim_ascii() == name.as_bytes() && !value.is_empty()).then(|| text(value))
    })
}

/// The parts between the `;`.
fn pieces(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    let ends = memchr::memchr_iter(b';', line).chain([line.len()]);
    ends.map(move |end| {
        let piece = &line[from..end];
        from = end + 1;
        piece
    })
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = memchr::memchr(at, bytes)?;
    Some((&bytes[..position], &bytes[position + 1..]))
}

/// What is not even text was sent as a token nevertheless: as such it is judged, and refused.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()))
            .collect()
    }

    #[test]
    fn bearer_ignores_the_schemes_case_and_other_schemes() {
        assert_eq!(bearer(&headers(&[("authorization", "bearer  abc ")])), Some("abc"));
        assert_eq!(bearer(&headers(&[("authorization", "Basic abc")])), None);
        assert_eq!(bearer(&headers(&[("authorization", "Bearer ")])), None);
    }

    #[test]
    fn cookie_takes_the_whole_name() {
        let headers = headers(&[("cookie", "xaccess_token=1; access_token=2"), ("other", "")]);
        assert_eq!(cookie(&headers, "access_token"), Some("2"));
        assert_eq!(cookie(&headers, "token"), None);
    }

    #[test]
    fn other_cookies_may_hold_any_bytes() {
        let mut headers = HeaderMap::new();
        let value = http::HeaderValue::from_bytes(b"name=Zo\xc3\xab; raw=\xff; access_token=\"abc\"").unwrap();
        headers.insert(header::COOKIE, value);
        assert_eq!(cookie(&headers, "access_token"), Some("abc"));
        assert_eq!(cookie(&headers, "name"), Some("Zo\u{eb}"));
        assert_eq!(cookie(&headers, "raw"), Some("\u{fffd}"));
    }

    #[test]
    fn a_token_that_is_no_text_is_a_token() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            http::HeaderValue::from_bytes(b"Bearer \xff").unwrap(),
        );
        assert!(bearer(&headers).is_some());
    }
}
