//! What of a service's head is not for the client: what it says to its neighbour alone, and what it tells of itself.

use crate::heads::connection_names;
use http::{HeaderMap, HeaderName, StatusCode, Version, header};
use pingora_error::{Error, ErrorType, Result};
use pingora_http::ResponseHeader;

/// Refuses what no client may be told: another protocol that it did not ask for (RFC 9110, section 15.2.2), and a body whose end readers
/// find in different places (RFC 9112, sections 6.1 and 6.3).
///
/// # Errors
/// The service's.
pub(crate) fn check(response: &ResponseHeader) -> Result<()> {
    if response.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::explain(ErrorType::InvalidHTTPHeader, "a 101 that nobody asked for").into_up());
    }
    let mut codings = response.headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
    if is_chunked && response.version == Version::HTTP_11 {
        return Ok(());
    }
    Err(Error::explain(
        ErrorType::InvalidHTTPHeader,
        "an answer in a coding that is not `chunked`",
    )
    .into_up())
}

/// Whether a field ends here: between two neighbours alone (RFC 9110, section 7.6.1), or the name of a part of the house. Trailers are
/// dropped, and so is what announces them. How the body is framed stands apart: see `respond`.
fn ends_here(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection" | "keep-alive" | "proxy-connection" | "server" | "te" | "trailer" | "upgrade" | "x-powered-by"
    )
}

/// Takes it away. The fields are looked through once: most answers have none of these, and looking each of them up would cost more.
pub(super) fn strip(fields: &mut HeaderMap) {
    let found: Vec<HeaderName> = fields.keys().filter(|name| ends_here(name)).cloned().collect();
    if found.is_empty() {
        return;
    }
    if found.contains(&header::CONNECTION) {
        // To name the framing would leave a body without an end.
        let is_framing = |name: &HeaderName| *name == header::CONTENT_LENGTH || *name == header::TRANSFER_ENCODING;
        let named: Vec<HeaderName> = connection_names(fields).filter(|name| !is_framing(name)).collect();
        for name in &named {
            fields.remove(name);
        }
    }
    for name in &found {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderValue;

    fn left(sent: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut fields = HeaderMap::new();
        for (name, value) in sent {
            fields.append(*name, HeaderValue::from_static(value));
        }
        strip(&mut fields);
        let mut left: Vec<String> = fields.keys().map(|name| name.as_str().to_owned()).collect();
        left.sort();
        left
    }

    #[test]
    fn what_neighbours_tell_each_other_ends_here() {
        let sent = [
            ("connection", "keep-alive, X-Secret"),
            ("connection", "x-other ,,"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("upgrade", "h2c"),
            ("trailer", "x-sum"),
            ("x-secret", "1"),
            ("x-secret", "2"),
            ("x-other", "3"),
            ("x-kept", "4"),
        ];
        assert_eq!(left(&sent), ["x-kept"]);
        assert_eq!(left(&[("server", "x"), ("x-powered-by", "y"), ("etag", "z")]), ["etag"]);
    }

    #[test]
    fn only_chunks_are_a_coding_that_all_read_alike() {
        let answer = |status: u16, version, codings: &[&'static str]| {
            let mut answer = ResponseHeader::build(status, None).unwrap();
            answer.set_version(version);
            for coding in codings {
                answer.append_header("Transfer-Encoding", *coding).unwrap();
            }
            check(&answer).is_ok()
        };
        let v11 = Version::HTTP_11;
        assert!(answer(200, v11, &[]) && answer(200, v11, &["Chunked"]) && answer(200, Version::HTTP_10, &[]));
        for codings in [
            &["gzip"][..],
            &["gzip, chunked"],
            &["chunked", "chunked"],
            &["chunked, identity"],
            &[""],
        ] {
            assert!(!answer(200, v11, codings), "{codings:?}");
        }
        assert!(!answer(200, Version::HTTP_10, &["chunked"]));
        assert!(!answer(101, v11, &[]));
    }

    #[test]
    fn no_answer_loses_its_end() {
        let sent = [
            ("connection", "content-length, transfer-encoding"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
        ];
        assert_eq!(left(&sent), ["content-length", "transfer-encoding"]);
    }
}
