//! Arrive: name the request, find out who sends it, bound it, and refuse what could be read in two ways.

use super::{Effects, Note};
use crate::{
    context::RequestContext,
    front::refusal,
    heads::{self, Head},
    problem::ClientError,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Utc;
use edge_config::TrustedHeader;
use edge_policy::{
    client_ip::{client_ip, is_trusted, readable},
    forwarded, head,
    path::{self, PathError},
    request_id,
};
use http::{HeaderMap, HeaderName, HeaderValue, Version, header};
use pingora_core::protocols::tls::SslDigest;
use pingora_http::RequestHeader;
use pingora_proxy::Session;
use shared_contracts::Code;
use std::net::IpAddr;

/// Fills in the context, and leaves the path in normal form.
pub(crate) fn arrive<E: Effects>(
    effects: &mut E,
    session: &mut Session,
    peer: Option<IpAddr>,
    ctx: &mut RequestContext,
) -> Result<(), ClientError> {
    name(session.req_header(), ctx);
    bound(session, ctx);
    let Some(peer) = peer else {
        return Err(ClientError::new(Code::BadRequest, "The connection has no address.").closing());
    };
    if let Some(tls) = session.digest().and_then(|digest| digest.ssl_digest.as_deref()) {
        ctx.secure = true;
        ctx.client_cert = certificate(tls);
    }
    client(peer, &session.req_header().headers, ctx);
    check_head(session, ctx)?;
    let head = session.req_header_mut();
    name_host(head)?;
    normalise(head).map_err(|error| {
        effects.note(Note::BadPath(error));
        let detail = "The request's target is not a path this server accepts.";
        ClientError::new(Code::BadRequest, detail).closing()
    })?;
    if head.has_case() {
        head.change(|_| {});
    }
    Ok(())
}

/// The certificate that a client showed, as RFC 9440, section 2.2, writes it.
fn certificate(tls: &SslDigest) -> Option<HeaderValue> {
    if tls.cert_digest.is_empty() {
        return None;
    }
    // See `TlsEnd`: it is no digest.
    HeaderValue::from_str(&format!(":{}:", STANDARD.encode(&tls.cert_digest))).ok()
}

/// Who the connection is with.
pub(crate) fn peer(session: &Session) -> Option<IpAddr> {
    let address = session.client_addr()?.as_inet()?;
    Some(address.ip())
}

/// HTTP/2 may name the host in `:authority` alone. `Host` is where all later phases look, and what stays when the target
/// is spelled anew.
fn name_host(head: &mut RequestHeader) -> Result<(), ClientError> {
    let Some(authority) = head.uri.authority() else {
        return Ok(());
    };
    if head.headers.contains_key(header::HOST) {
        return Ok(());
    }
    let host = authority.to_string();
    head.insert_header(header::HOST, host)
        .map_err(|_| ClientError::new(Code::BadRequest, "The request's authority is not a host."))
}

fn name(head: &RequestHeader, ctx: &mut RequestContext) {
    let header = |name| head.headers.get(name).map(HeaderValue::as_bytes);
    ctx.request_id = request_id::request_id(header(&heads::REQUEST_ID), fresh_id);
    ctx.traceparent = request_id::traceparent(header(&heads::TRACEPARENT), rand::random);
}

/// A name for a request that brings none. From this thread's own generator: a system call for each request would cost more than all else here.
pub(crate) fn fresh_id() -> String {
    let millis = u64::try_from(Utc::now().timestamp_millis()).unwrap_or_default();
    request_id::fresh(millis, rand::random())
}

/// Every bound of the client's side: Pingora's own are unlimited or generous.
fn bound(session: &mut Session, ctx: &RequestContext) {
    // Keep-alive stays off where the client, HTTP/1.0 or the shutdown turned it off.
    if session.get_keepalive().is_some() && !session.is_process_shutting_down() {
        session.set_keepalive(Some(ctx.generation.keep_alive.as_secs().max(1)));
    }
    // It knows no interim answers (RFC 9110, section 15.2), and would take one for the answer.
    if session.req_header().version == Version::HTTP_10 {
        session.set_ignore_info_resp(true);
    }
    if ctx.wire().is_none() {
        session.set_write_timeout(Some(ctx.generation.floor.grace));
    }
}

/// Who sends it, and whether over TLS to it and to whom, as far as a trusted proxy in front says so.
fn client(peer: IpAddr, headers: &HeaderMap, ctx: &mut RequestContext) {
    let generation = &ctx.generation;
    let trusted = &generation.trusted_proxies;
    ctx.client = peer.to_canonical();
    if !is_trusted(ctx.client, trusted) {
        return;
    }
    let lines = |name: &HeaderName| headers.get_all(name).iter().map(|value| readable(value.as_bytes()));
    // One that stands there twice was written by two.
    let only = |name: &HeaderName| lines(name).next().filter(|_| lines(name).nth(1).is_none());
    let (proto, host) = match generation.trusted_header {
        TrustedHeader::XForwardedFor => {
            ctx.client = client_ip(peer, lines(&heads::FORWARDED_FOR), trusted);
            (only(&heads::FORWARDED_PROTO), only(&heads::FORWARDED_HOST))
        }
        TrustedHeader::Forwarded => {
            let told = forwarded::told(peer, lines(&header::FORWARDED), trusted);
            ctx.client = told.client;
            (told.proto, told.host)
        }
    };
    ctx.secure |= proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
    let host = host.filter(|host| head::is_host(host.as_bytes()));
    ctx.forwarded_host = host.and_then(|host| HeaderValue::from_str(host).ok());
}

fn check_head(session: &Session, ctx: &RequestContext) -> Result<(), ClientError> {
    let head = session.req_header();
    if head.headers.contains_key(header::TRANSFER_ENCODING) && raw_head_has_length(session) {
        return Err(refusal::ambiguous());
    }
    if request_line_was_repaired(session, ctx) {
        return Err(refusal::ambiguous());
    }
    let head = head::Head {
        version: head.version,
        method: &head.method,
        target_bytes: head.raw_path().len(),
        authority: head.uri.authority().map(http::uri::Authority::as_str),
        headers: &head.headers,
    };
    head::check(&head, ctx.generation.head_limits).map_err(|code| match code {
        Code::HeadersTooLarge => ClientError::new(code, "The request's head is too large.").closing(),
        Code::MethodNotImplemented => refusal::not_implemented(),
        Code::ExpectationFailed => ClientError::new(code, "Nothing but `100-continue` can be expected here.").closing(),
        _ => refusal::ambiguous(),
    })
}

/// Pingora escapes what may not stand in a target, spaces included, where others see the target's end; and it cuts fragments
/// off, where others do not.
fn request_line_was_repaired(session: &Session, ctx: &RequestContext) -> bool {
    let (Some(end), Some(h1)) = (ctx.first_line, session.as_http1()) else {
        return false;
    };
    let raw = h1.get_headers_raw_bytes();
    let raw = raw.strip_prefix(b"\r\n").unwrap_or(&raw);
    raw.get(end..end + 2) != Some(b"\r\n") || raw[..end].contains(&b'#')
}

/// Pingora removes `Content-Length` beside `Transfer-Encoding` while it parses, so the bytes have to be asked.
fn raw_head_has_length(session: &Session) -> bool {
    const NAME: &[u8] = b"content-length";
    let Some(h1) = session.as_http1() else { return false };
    let raw = h1.get_headers_raw_bytes();
    raw.split(|byte| *byte == b'\n').any(|line| {
        line.get(..NAME.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
            && line
                .get(NAME.len())
                .is_some_and(|next| matches!(next, b':' | b' ' | b'\t'))
    })
}

fn normalise(head: &mut RequestHeader) -> Result<(), PathError> {
    let target = std::str::from_utf8(head.raw_path()).map_err(|_| PathError::Character)?;
    let (path, query) = target
        .split_once('?')
        .map_or((target, None), |(path, query)| (path, Some(query)));
    if let Some(query) = query {
        path::check_query(query)?;
    }
    let normal = path::normalise(origin_form(path))?;
    if normal == path {
        return Ok(());
    }
    let target = query.map_or_else(|| normal.to_string(), |query| format!("{normal}?{query}"));
    head.set_raw_path(target.as_bytes()).map_err(|_| PathError::Character)
}

/// The path of the absolute form, which servers have to accept (RFC 9112, section 3.2.2); Pingora has compared its
/// authority with `Host`.
fn origin_form(path: &str) -> &str {
    let authority = path.strip_prefix("http://").or_else(|| path.strip_prefix("https://"));
    match authority.map(|rest| rest.find('/').map_or("/", |slash| &rest[slash..])) {
        Some(path) => path,
        None => path,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn target(text: &str) -> Option<String> {
        let mut head = RequestHeader::build("GET", text.as_bytes(), None).unwrap();
        normalise(&mut head)
            .ok()
            .map(|()| String::from_utf8(head.raw_path().to_vec()).unwrap())
    }

    #[test]
    fn the_authority_outlives_the_target() {
        let mut head = RequestHeader::build("GET", b"/", None).unwrap();
        head.set_uri("https://api.example.com/%61".parse().unwrap());
        name_host(&mut head).unwrap();
        normalise(&mut head).unwrap();
        assert_eq!(head.raw_path(), b"/a");
        assert_eq!(head.headers.get(header::HOST).unwrap(), "api.example.com");
    }

    #[test]
    fn targets_get_one_spelling() {
        for (given, normal) in [
            ("/a/b?x=%41/../", "/a/b?x=%41/../"),
            ("/%61/b?", "/a/b?"),
            ("http://host:1/a?b", "/a?b"),
            ("http://host", "/"),
        ] {
            assert_eq!(target(given).as_deref(), Some(normal), "{given}");
        }
        for given in ["*", "/a/../b", "/a%2fb", "ftp://host/a"] {
            assert_eq!(target(given), None, "{given}");
        }
    }
}
