//! The opening handshake of a WebSocket (RFC 6455, section 4) between the edge and a service.

use crate::heads::connection_names;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use pingora_core::protocols::{Stream, http::v1::client::HttpSession};
use pingora_error::{Error, ErrorType, Result};
use pingora_http::RequestHeader;
use sha1::{Digest, Sha1};
use tokio::time::{Instant, timeout_at};

/// RFC 6455, section 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
/// Fields between two neighbours only, `Connection` and what it names aside (RFC 9110, section 7.6.1).
const BETWEEN_NEIGHBOURS: [&str; 9] = [
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
];

/// Whether this head opens a WebSocket.
pub(crate) fn is_request(head: &RequestHeader) -> bool {
    head.method == Method::GET
        && head.version == Version::HTTP_11
        && upgrades(&head.headers)
        && head.headers.contains_key(header::SEC_WEBSOCKET_KEY)
}

fn upgrades(headers: &HeaderMap) -> bool {
    let mut wanted = headers.get_all(header::UPGRADE).iter();
    let websocket = wanted
        .next()
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(WEBSOCKET.as_bytes()));
    websocket && wanted.next().is_none() && connection_names(headers).any(|name| name == header::UPGRADE)
}

/// Leaves of a client's head what is meant for the service, and the wish to upgrade.
pub(crate) fn for_service(fields: &mut HeaderMap) {
    for_next(fields);
    switches(fields);
}

/// Says that this connection is to change, or changes now.
pub(crate) fn switches(fields: &mut HeaderMap) {
    fields.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    fields.insert(header::UPGRADE, WEBSOCKET);
}

/// Takes away what was meant for this connection alone.
pub(crate) fn for_next(fields: &mut HeaderMap) {
    let named: Vec<HeaderName> = connection_names(fields).filter(|name| name != header::HOST).collect();
    for name in &named {
        fields.remove(name);
    }
    for name in BETWEEN_NEIGHBOURS {
        fields.remove(name);
    }
    fields.remove(header::CONNECTION);
}

/// Sends the head, and waits for the head of the answer: a `101` that is right, or any other final one.
pub(crate) async fn ask(stream: Stream, head: RequestHeader, deadline: Instant) -> Result<HttpSession> {
    let accept = accept(&head.headers);
    let service = exchange(stream, head, deadline).await?;
    let switched = service.get_status().is_some_and(|status| status == 101);
    if switched && !is_right(&service, &accept) {
        let explained = "a 101 that does not answer the request";
        return Err(Error::explain(ErrorType::InvalidHTTPHeader, explained).into_up());
    }
    Ok(service)
}

/// Sends a head, and waits for the head of the final answer.
pub(crate) async fn exchange(stream: Stream, head: RequestHeader, deadline: Instant) -> Result<HttpSession> {
    let mut service = HttpSession::new(stream);
    let answered = async {
        service.write_request_header(Box::new(head)).await?;
        loop {
            service.read_response().await?;
            let status = service.get_status();
            // Early hints and the like are for the end that asked; nobody here has use for them.
            if !status.is_some_and(|status| status.is_informational() && status != 101) {
                return Ok(());
            }
        }
    };
    match timeout_at(deadline, answered).await {
        Ok(result) => result.map_err(Error::into_up)?,
        Err(_) => return Err(Error::explain(ErrorType::ReadTimedout, "no answer's head in time").into_up()),
    }
    Ok(service)
}

fn accept(headers: &HeaderMap) -> String {
    let mut hash = Sha1::new();
    hash.update(
        headers
            .get(header::SEC_WEBSOCKET_KEY)
            .map_or(&b""[..], HeaderValue::as_bytes),
    );
    hash.update(GUID);
    STANDARD.encode(hash.finalize())
}

fn is_right(service: &HttpSession, accept: &str) -> bool {
    let answer = service.resp_header().map(|head| &head.headers);
    service.was_upgraded()
        && answer.is_some_and(|headers| {
            let proof = headers.get(header::SEC_WEBSOCKET_ACCEPT);
            upgrades(headers) && proof.is_some_and(|proof| proof.as_bytes() == accept.as_bytes())
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::heads::Head;

    fn head(method: &str, fields: &[(&'static str, &str)]) -> RequestHeader {
        let mut head = RequestHeader::build(method, b"/", None).unwrap();
        for (name, value) in fields {
            head.append_header(*name, *value).unwrap();
        }
        head
    }

    #[test]
    fn an_upgrade_is_told_from_what_looks_like_one() {
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let websocket = ("upgrade", "WebSocket");
        for connection in ["Upgrade", "keep-alive, upgrade"] {
            assert!(is_request(&head("GET", &[key, websocket, ("connection", connection)])));
        }
        let upgrade = ("connection", "upgrade");
        for (method, fields) in [
            ("POST", &[key, websocket, upgrade][..]),
            ("GET", &[websocket, upgrade]),
            ("GET", &[key, websocket]),
            ("GET", &[key, upgrade]),
            ("GET", &[key, upgrade, ("upgrade", "h2c")]),
            ("GET", &[key, upgrade, websocket, ("upgrade", "h2c")]),
        ] {
            assert!(!is_request(&head(method, fields)), "{method} {fields:?}");
        }
    }

    #[test]
    fn fields_between_neighbours_stay_here() {
        let mut head = head(
            "GET",
            &[
                ("host", "feed.example"),
                ("connection", "upgrade, x-mine, host"),
                ("upgrade", "websocket"),
                ("x-mine", "1"),
                ("x-other", "2"),
                ("te", "trailers"),
                ("proxy-authorization", "secret"),
            ],
        );
        head.change(for_service);
        let mut fields: Vec<_> = head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .collect();
        fields.sort_by_key(|field| field.0);
        let left = [
            ("connection", "Upgrade"),
            ("host", "feed.example"),
            ("upgrade", "websocket"),
            ("x-other", "2"),
        ];
        assert_eq!(
            fields,
            left.map(|(name, value)| (name, value.parse().unwrap()))
                .iter()
                .map(|(n, v)| (*n, v))
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn the_proof_is_that_of_the_standard() {
        let head = head("GET", &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]);
        assert_eq!(
            accept(&head.headers),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "RFC 6455, section 1.3"
        );
    }
}
