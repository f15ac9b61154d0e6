//! Pingora's heads as plain field maps, and the names that the edge writes into them.
//!
//! Pingora keeps how each name was spelled in a second map, beside the fields: every change is made twice, and parses its name anew.
//! Names mean the same in any case (RFC 9110, section 5.1), so the edge lets go of the spelling where a head arrives.

use http::{HeaderMap, HeaderName, Request, Response, header};
use pingora_http::{RequestHeader, ResponseHeader};
use shared_contracts::header as names;
use std::{mem, time::Instant};

/// See [`names::SERVICE_TOKEN`].
pub(crate) static SERVICE_TOKEN: HeaderName = HeaderName::from_static(names::SERVICE_TOKEN);
/// See [`names::REQUEST_ID`].
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static(names::REQUEST_ID);
/// See [`names::TRACEPARENT`].
pub(crate) static TRACEPARENT: HeaderName = HeaderName::from_static(names::TRACEPARENT);
/// See [`names::FORWARDED_FOR`].
pub(crate) static FORWARDED_FOR: HeaderName = HeaderName::from_static(names::FORWARDED_FOR);
/// See [`names::FORWARDED_PROTO`].
pub(crate) static FORWARDED_PROTO: HeaderName = HeaderName::from_static(names::FORWARDED_PROTO);
/// See [`names::FORWARDED_HOST`].
pub(crate) static FORWARDED_HOST: HeaderName = HeaderName::from_static(names::FORWARDED_HOST);
/// See [`names::REQUEST_TIMEOUT`].
pub(crate) static REQUEST_TIMEOUT: HeaderName = HeaderName::from_static(names::REQUEST_TIMEOUT);
/// See [`names::CLIENT_CERT`].
pub(crate) static CLIENT_CERT: HeaderName = HeaderName::from_static(names::CLIENT_CERT);
/// See [`names::REQUEST_ATTEMPT`].
pub(crate) static REQUEST_ATTEMPT: HeaderName = HeaderName::from_static(names::REQUEST_ATTEMPT);

/// How long somebody will wait for the answer.
pub(crate) fn time_left(fields: &mut HeaderMap, deadline: Instant) {
    let left = deadline.saturating_duration_since(Instant::now()).as_millis();
    let left = u64::try_from(left).unwrap_or(u64::MAX).max(1);
    fields.insert(&REQUEST_TIMEOUT, left.into());
}

/// The fields that `Connection` names: they are between two neighbours alone (RFC 9110, section 7.6.1).
pub(crate) fn connection_names(headers: &HeaderMap) -> impl Iterator<Item = HeaderName> {
    let lines = headers.get_all(header::CONNECTION).iter();
    let names = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
}

/// A head whose fields can be changed as what they are: a map.
pub(crate) trait Head {
    /// Makes these changes. The spelling of names is gone afterwards; a request's target must be in origin form.
    fn change<R>(&mut self, change: impl FnOnce(&mut HeaderMap) -> R) -> R;
}

impl Head for RequestHeader {
    fn change<R>(&mut self, change: impl FnOnce(&mut HeaderMap) -> R) -> R {
        let nothing = Request::new(()).into_parts().0;
        let mut parts = http::request::Parts::from(mem::replace(self, nothing.into()));
        let changed = change(&mut parts.headers);
        *self = parts.into();
        changed
    }
}

impl Head for ResponseHeader {
    fn change<R>(&mut self, change: impl FnOnce(&mut HeaderMap) -> R) -> R {
        let nothing = Response::new(()).into_parts().0;
        let whole = mem::replace(self, nothing.into());
        // What a service calls its status is for the client to read.
        let reason = whole.get_reason_phrase();
        let reason = (reason != whole.status.canonical_reason())
            .then(|| reason.map(str::to_owned))
            .flatten();
        let mut parts = http::response::Parts::from(whole);
        let changed = change(&mut parts.headers);
        *self = parts.into();
        if reason.is_some() {
            // Setting a phrase cannot fail.
            let _ = self.set_reason_phrase(reason.as_deref());
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::{HeaderValue, Method, Version};

    #[test]
    fn only_the_fields_of_a_head_change() {
        let mut request = RequestHeader::build("PATCH", b"/a?b=%41", None).unwrap();
        request.set_version(Version::HTTP_10);
        request.append_header("X-Kept", "1").unwrap();
        request.change(|fields| fields.insert(&REQUEST_ID, HeaderValue::from_static("r")));
        assert_eq!(
            (request.method.clone(), request.raw_path(), request.version),
            (Method::PATCH, &b"/a?b=%41"[..], Version::HTTP_10)
        );
        let mut wire = Vec::new();
        request.header_to_h1_wire(&mut wire);
        assert_eq!(wire, b"x-kept: 1\r\nx-request-id: r\r\n");

        let mut response = ResponseHeader::build(200, None).unwrap();
        response.append_header("Server", "x").unwrap();
        response.set_reason_phrase(Some("Fine")).unwrap();
        let removed = response.change(|fields| fields.remove(header::SERVER));
        assert_eq!(removed, Some(HeaderValue::from_static("x")));
        assert_eq!(response.get_reason_phrase(), Some("Fine"));
        assert_eq!(response.status, 200);
        assert!(response.headers.is_empty() && !response.has_case());
    }
}
