//! The answer to a head that never became a request. Pingora would write a bare 400; what it writes before a request has
//! arrived can be nothing else, so this goes out in its place.

use super::wire::Wire;
use crate::{access_log::AccessLog, phase::arrive, problem::ClientError};
use chrono::Utc;
use edge_policy::{client_ip, wire::Fault};
use shared_contracts::{Code, problem};
use std::net::IpAddr;

/// Makes the answer, and writes it into the access log. `written` is what Pingora wanted to say.
pub(super) fn answer(wire: &Wire, client: Option<IpAddr>, written: &[u8]) -> Vec<u8> {
    // The one other answer that Pingora gives on its own is to CONNECT.
    let error = match wire.fault() {
        Some(fault) => of_fault(fault),
        None if written.starts_with(b"HTTP/1.1 405 ") => not_implemented(),
        None => ambiguous(),
    };
    told(&error, "head refused", client, &wire.log)
}

/// The answer with this error, written into the access log under `what`.
pub(super) fn told(error: &ClientError, what: &'static str, client: Option<IpAddr>, log: &AccessLog) -> Vec<u8> {
    let request_id = arrive::fresh_id();
    let body = error.body(&request_id);
    let status = error.code.status();
    let phrase = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    log.add(what, |line| {
        line.number("status", status.into());
        line.text("code", error.code.as_str());
        if let Some(client) = client {
            line.text("client", &client_ip::text(client));
        }
        line.text("request_id", &request_id);
    });
    let retry = { error.retry_after_seconds() }.map_or_else(String::new, |wait| format!("retry-after: {wait}\r\n"));
    let date = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT");
    let head = format!(
        "HTTP/1.1 {status} {phrase}\r\ncontent-type: {}\r\ncache-control: no-store\r\ncontent-length: {}\r\n\
         x-request-id: {request_id}\r\n{retry}date: {date}\r\nconnection: close\r\n\r\n",
        problem::CONTENT_TYPE,
        body.len(),
    );
    [head.into_bytes(), body].concat()
}

/// What a client hears of what is wrong with its bytes.
pub(crate) fn of_fault(fault: Fault) -> ClientError {
    match fault {
        Fault::TooSlow => too_slow(),
        Fault::TooLarge => ClientError::new(Code::HeadersTooLarge, "The request's head is too large.").closing(),
        Fault::Ambiguous | Fault::Flood => ambiguous(),
    }
}

/// The request breaks the rules.
pub(crate) const fn ambiguous() -> ClientError {
    ClientError::new(
        Code::BadRequest,
        "The request breaks the rules of HTTP, or could be read in two ways.",
    )
    .closing()
}

/// The client sends too slowly.
pub(crate) const fn too_slow() -> ClientError {
    ClientError::new(Code::RequestTimeout, "The request took too long to arrive.").closing()
}

/// A method that is served nowhere.
pub(crate) const fn not_implemented() -> ClientError {
    ClientError::new(Code::MethodNotImplemented, "This method is served on no path.").closing()
}
