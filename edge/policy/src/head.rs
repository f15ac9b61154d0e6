//! Checks of a request's head that HTTP libraries leave to us.

use http::{HeaderMap, Version, header};
use shared_contracts::Code;

/// Bounds of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of all names and values, and of the target.
    pub max_bytes: usize,
    /// Number of field lines.
    pub max_fields: usize,
}

/// Refuses what could be read in two ways (request smuggling, RFC 9112, section 11.2) and what is too large.
///
/// # Errors
/// `BAD_REQUEST` (close the connection then) or `HEADERS_TOO_LARGE`.
pub fn check(version: Version, target_bytes: usize, headers: &HeaderMap, limits: HeadLimits) -> Result<(), Code> {
    if headers.len() > limits.max_fields {
        return Err(Code::HeadersTooLarge);
    }
    let fields: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if fields + target_bytes > limits.max_bytes {
        return Err(Code::HeadersTooLarge);
    }
    if is_ambiguous(version, headers) {
        Err(Code::BadRequest)
    } else {
        Ok(())
    }
}

fn is_ambiguous(version: Version, headers: &HeaderMap) -> bool {
    let lines = |name| headers.get_all(name).iter().count();
    let (lengths, codings) = (lines(header::CONTENT_LENGTH), lines(header::TRANSFER_ENCODING));
    let length = headers.get(header::CONTENT_LENGTH).map(http::HeaderValue::as_bytes);
    // Even equal repetitions: no honest client sends them, and not every server joins them alike.
    let bad_length = lengths > 1 || length.is_some_and(|v| v.is_empty() || !v.iter().all(u8::is_ascii_digit));
    let coding = headers.get(header::TRANSFER_ENCODING).map(http::HeaderValue::as_bytes);
    let bad_coding = codings > 1
        || coding.is_some_and(|value| !value.eq_ignore_ascii_case(b"chunked"))
        || (codings > 0 && version != Version::HTTP_11);
    let hosts = lines(header::HOST);
    let bad_host = hosts > 1 || (hosts == 0 && version == Version::HTTP_11);
    (lengths > 0 && codings > 0) || bad_length || bad_coding || bad_host
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits {
        max_bytes: 1000,
        max_fields: 10,
    };

    fn run(version: Version, pairs: &[(&'static str, &str)]) -> Result<(), Code> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        check(version, 10, &headers, LIMITS)
    }

    #[test]
    fn refuses_two_readings() {
        let host = ("host", "a");
        let v11 = Version::HTTP_11;
        assert_eq!(run(v11, &[host, ("content-length", "5")]), Ok(()));
        assert_eq!(run(v11, &[host, ("transfer-encoding", "Chunked")]), Ok(()));
        assert_eq!(run(Version::HTTP_2, &[]), Ok(()), "HTTP/2 has :authority");
        let both = [host, ("content-length", "5"), ("transfer-encoding", "chunked")];
        let cases: [&[(&'static str, &str)]; 9] = [
            &both,
            &[host, ("content-length", "5"), ("content-length", "5")],
            &[host, ("content-length", "+5")],
            &[host, ("content-length", "5, 5")],
            &[host, ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[host, ("transfer-encoding", "gzip, chunked")],
            &[host, ("transfer-encoding", "xchunked")],
            &[host, ("host", "b")],
            &[],
        ];
        for case in cases {
            assert_eq!(run(v11, case), Err(Code::BadRequest), "{case:?}");
        }
        assert_eq!(
            run(Version::HTTP_10, &[("transfer-encoding", "chunked")]),
            Err(Code::BadRequest)
        );
        assert_eq!(
            run(Version::HTTP_2, &[("transfer-encoding", "chunked")]),
            Err(Code::BadRequest)
        );
    }

    #[test]
    fn refuses_too_much() {
        assert_eq!(
            run(Version::HTTP_11, &[("host", "a"), ("x", &"y".repeat(2000))]),
            Err(Code::HeadersTooLarge)
        );
        let many: Vec<_> = (0..11).map(|_| ("x", "y")).collect();
        assert_eq!(run(Version::HTTP_11, &many), Err(Code::HeadersTooLarge));
    }
}
