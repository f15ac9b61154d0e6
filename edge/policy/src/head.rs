//! Checks of a request's head that HTTP libraries leave to us.

use http::{HeaderMap, HeaderName, Method, Version, header};
use shared_contracts::Code;

/// Bounds of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of all names and values, and of the target.
    pub max_bytes: usize,
    /// Number of field lines.
    pub max_fields: usize,
}

/// A head, as far as it is checked here.
#[derive(Debug, Clone, Copy)]
pub struct Head<'h> {
    /// HTTP's version.
    pub version: Version,
    /// The method.
    pub method: &'h Method,
    /// Length of the target as it came.
    pub target_bytes: usize,
    /// The target's authority, if it has one: HTTP/2's `:authority`.
    pub authority: Option<&'h str>,
    /// The fields.
    pub headers: &'h HeaderMap,
}

/// Refuses what could be read in two ways (request smuggling, RFC 9112, section 11.2) and what is too large.
///
/// # Errors
/// `BAD_REQUEST`, `HEADERS_TOO_LARGE`, `METHOD_NOT_IMPLEMENTED` or `EXPECTATION_FAILED`; the connection ends with each.
pub fn check(head: &Head<'_>, limits: HeadLimits) -> Result<(), Code> {
    if head.headers.len() > limits.max_fields {
        return Err(Code::HeadersTooLarge);
    }
    let fields: usize = head
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if fields + head.target_bytes > limits.max_bytes {
        return Err(Code::HeadersTooLarge);
    }
    if is_ambiguous(head) || !names_one_host(head) {
        return Err(Code::BadRequest);
    }
    // TRACE shows scripts what a browser hides from them, CONNECT makes a proxy of the edge.
    if matches!(*head.method, Method::TRACE | Method::CONNECT) {
        return Err(Code::MethodNotImplemented);
    }
    check_expect(head)
}

fn is_ambiguous(head: &Head<'_>) -> bool {
    let lines = |name| head.headers.get_all(name).iter().count();
    let (lengths, codings) = (lines(header::CONTENT_LENGTH), lines(header::TRANSFER_ENCODING));
    let value = |name: HeaderName| head.headers.get(name).map(http::HeaderValue::as_bytes);
    // Even equal repetitions: no honest client sends them, and not every server joins them alike. More than 19 digits are
    // more than numbers have room for.
    let bad_length = lengths > 1
        || value(header::CONTENT_LENGTH)
            .is_some_and(|v| !(1..=19).contains(&v.len()) || !v.iter().all(u8::is_ascii_digit));
    let bad_coding = codings > 1
        || value(header::TRANSFER_ENCODING).is_some_and(|value| !value.eq_ignore_ascii_case(b"chunked"))
        || (codings > 0 && head.version != Version::HTTP_11);
    (lengths > 0 && codings > 0) || bad_length || bad_coding
}

/// Whether there is one host, and a name at that: what services are told must not be a path, or two names. HTTP/2 may name
/// it in the target, and then also in a field, but not another.
fn names_one_host(head: &Head<'_>) -> bool {
    let mut lines = head.headers.get_all(header::HOST).iter();
    match (lines.next(), lines.next(), head.authority) {
        (Some(host), None, None) => is_host(host.as_bytes()),
        (Some(host), None, Some(authority)) => {
            is_host(host.as_bytes()) && host.as_bytes().eq_ignore_ascii_case(authority.as_bytes())
        }
        (None, None, Some(authority)) => is_host(authority.as_bytes()),
        (Some(_), Some(_), _) | (None, _, _) => false,
    }
}

/// `host [":" port]` of RFC 3986, section 3.2, without userinfo. Names are of letters, digits, `-`, `.`, `_` and `~`: other
/// characters are allowed there, and stand in no name that there is.
pub fn is_host(host: &[u8]) -> bool {
    let (name, port) = match host {
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|byte| *byte == b']') else {
                return false;
            };
            let address = std::str::from_utf8(&rest[..end]).unwrap_or_default();
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (None, &rest[end + 1..])
        }
        host => {
            let end = host.iter().position(|byte| *byte == b':').unwrap_or(host.len());
            (Some(&host[..end]), &host[end..])
        }
    };
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    name.is_none_or(|name| !name.is_empty() && name.iter().all(in_name)) && is_port(port)
}

/// Nothing, or a colon and a number of 16 bits.
fn is_port(port: &[u8]) -> bool {
    match port {
        [] => true,
        [b':', digits @ ..] => {
            let number = std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse::<u16>().ok());
            number.is_some() && digits[0].is_ascii_digit()
        }
        _ => false,
    }
}

/// RFC 9110, section 10.1.1: there is one thing that can be expected.
fn check_expect(head: &Head<'_>) -> Result<(), Code> {
    let mut lines = head.headers.get_all(header::EXPECT).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if value.as_bytes().eq_ignore_ascii_case(b"100-continue") => Ok(()),
        _ => Err(Code::ExpectationFailed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: HeadLimits = HeadLimits {
        max_bytes: 1000,
        max_fields: 10,
    };

    fn head_of(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn run(
        version: Version,
        method: &Method,
        authority: Option<&str>,
        pairs: &[(&'static str, &str)],
    ) -> Result<(), Code> {
        let head = Head {
            version,
            method,
            target_bytes: 10,
            authority,
            headers: &head_of(pairs),
        };
        check(&head, LIMITS)
    }

    #[test]
    fn refuses_two_readings() {
        let host = ("host", "a");
        let v11 = |pairs: &[(&'static str, &str)]| run(Version::HTTP_11, &Method::POST, None, pairs);
        assert_eq!(v11(&[host, ("content-length", "5")]), Ok(()));
        assert_eq!(v11(&[host, ("transfer-encoding", "Chunked")]), Ok(()));
        assert_eq!(v11(&[host, ("expect", "100-Continue")]), Ok(()));
        let both = [host, ("content-length", "5"), ("transfer-encoding", "chunked")];
        let cases: [&[(&'static str, &str)]; 10] = [
            &both,
            &[host, ("content-length", "5"), ("content-length", "5")],
            &[host, ("content-length", "+5")],
            &[host, ("content-length", "5, 5")],
            &[host, ("content-length", "00000000000000000005")],
            &[host, ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[host, ("transfer-encoding", "gzip, chunked")],
            &[host, ("transfer-encoding", "xchunked")],
            &[host, ("host", "b")],
            &[],
        ];
        for case in cases {
            assert_eq!(v11(case), Err(Code::BadRequest), "{case:?}");
        }
        for version in [Version::HTTP_10, Version::HTTP_2] {
            let case = [host, ("transfer-encoding", "chunked")];
            assert_eq!(run(version, &Method::POST, None, &case), Err(Code::BadRequest));
        }
        assert_eq!(v11(&[host, ("expect", "more")]), Err(Code::ExpectationFailed));
        let trace = run(Version::HTTP_11, &Method::TRACE, None, &[host]);
        assert_eq!(trace, Err(Code::MethodNotImplemented));
    }

    #[test]
    fn http2_names_one_host_too() {
        let v2 = |authority, pairs: &[(&'static str, &str)]| run(Version::HTTP_2, &Method::GET, authority, pairs);
        assert_eq!(v2(Some("a.example:8443"), &[]), Ok(()));
        assert_eq!(v2(Some("a.example"), &[("host", "a.example")]), Ok(()));
        assert_eq!(v2(None, &[("host", "a.example")]), Ok(()));
        assert_eq!(v2(Some("a.example"), &[("host", "b.example")]), Err(Code::BadRequest));
        assert_eq!(v2(Some("u@a.example"), &[]), Err(Code::BadRequest));
        assert_eq!(v2(None, &[]), Err(Code::BadRequest));
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        for good in [
            "a",
            "a.example",
            "A.EXAMPLE:80",
            "127.0.0.1:65535",
            "[::1]",
            "[2001:db8::1]:443",
            "my_service",
        ] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "", ":80", "a:", "a:x", "a:+1", "a:65536", "a:1:2", "a b", "a,b", "a/b", "u@a", "[::1", "[::1]a", "[a]",
            "[]", "a#b", "a?b", "a\\b", "a%41", "\u{e4}",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn refuses_too_much() {
        let v11 = |pairs: &[(&'static str, &str)]| run(Version::HTTP_11, &Method::GET, None, pairs);
        let long = "y".repeat(2000);
        assert_eq!(v11(&[("host", "a"), ("x", &long)]), Err(Code::HeadersTooLarge));
        let many: Vec<_> = (0..11).map(|_| ("x", "y")).collect();
        assert_eq!(v11(&many), Err(Code::HeadersTooLarge));
    }

    proptest! {
        #[test]
        fn hosts_never_panic(host in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = is_host(&host);
        }
    }
}
