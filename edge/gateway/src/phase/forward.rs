//! Forward: what the service sees. What clients may not say is taken away, what only the edge can say is added.

use crate::{
    context::RequestContext,
    generation::{Route, Serves},
    problem::ClientError,
};
use bytes::Bytes;
use edge_policy::rewrite::Rewrite;
use http::{HeaderName, HeaderValue, header};
use pingora_http::RequestHeader;
use shared_contracts::header as names;

/// Makes the head that goes to the service out of the client's. `token` is the edge's own.
pub(crate) fn head(
    token: Option<&HeaderValue>,
    route: &Route,
    head: &mut RequestHeader,
    ctx: &RequestContext,
) -> pingora_error::Result<()> {
    let host = ctx
        .forwarded_host
        .clone()
        .or_else(|| head.headers.get(header::HOST).cloned());
    strip(head);
    join_cookies(head)?;
    identity(token, head, ctx)?;
    if let Some(host) = host {
        head.insert_header(names::FORWARDED_HOST, host)?;
    }
    if let Serves::Upstream {
        sticky: Some(sticky), ..
    } = &route.serves
    {
        hide_cookie(head, &sticky.cookie)?;
    }
    if let Some(how) = &route.rewrite {
        rewrite(head, how)?;
    }
    route.headers.request.on_request(head)
}

/// Takes away what clients may not say. The fields that came are looked through once: most requests bring none of these
/// names, and looking each of them up would cost more than all the rest of this phase.
fn strip(head: &mut RequestHeader) {
    let found: Vec<HeaderName> = head.headers.keys().filter(|name| is_ours(name)).cloned().collect();
    for name in &found {
        head.remove_header(name);
    }
}

/// Lengths of the names that are taken away, a bit each, by their first letter. Nearly every other name ends here.
const LENGTHS: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < names::STRIPPED_FROM_CLIENTS.len() {
        let name = names::STRIPPED_FROM_CLIENTS[index].as_bytes();
        table[name[0] as usize] |= 1 << name.len();
        index += 1;
    }
    table
};

/// Whether clients may not say this, an underscore for a hyphen included.
fn is_ours(name: &HeaderName) -> bool {
    let name = name.as_str().as_bytes();
    let lengths = LENGTHS[usize::from(name[0])];
    if name.len() > 31 || lengths >> name.len() & 1 == 0 {
        return false;
    }
    let is_same = |known: &&str| {
        let mut pairs = known.bytes().zip(name);
        known.len() == name.len() && pairs.all(|(known, byte)| known == *byte || (known == b'-' && *byte == b'_'))
    };
    names::STRIPPED_FROM_CLIENTS.iter().any(is_same)
}

/// Who asks, for whom, under which names. Clients' own copies must be gone already.
pub(crate) fn identity(
    token: Option<&HeaderValue>,
    head: &mut RequestHeader,
    ctx: &RequestContext,
) -> pingora_error::Result<()> {
    for (name, value) in ctx.identity.headers() {
        head.insert_header(name, value)?;
    }
    head.insert_header(names::REQUEST_ID, &ctx.request_id)?;
    head.insert_header(names::TRACEPARENT, &ctx.traceparent)?;
    head.insert_header(names::FORWARDED_FOR, ctx.client.to_string())?;
    head.insert_header(
        names::FORWARDED_PROTO,
        HeaderValue::from_static(if ctx.secure { "https" } else { "http" }),
    )?;
    if let Some(token) = token {
        head.insert_header(names::SERVICE_TOKEN, token.clone())?;
    }
    Ok(())
}

/// HTTP/2 may send cookies in several lines, HTTP/1 may not (RFC 9113, section 8.2.3); and of two lines, servers read
/// different ones.
fn join_cookies(head: &mut RequestHeader) -> pingora_error::Result<()> {
    let mut lines = head.headers.get_all(header::COOKIE).iter();
    if lines.next().is_none() || lines.next().is_none() {
        return Ok(());
    }
    let lines: Vec<&[u8]> = head
        .headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    head.insert_header(header::COOKIE, lines.join(&b"; "[..]))
}

/// The affinity cookie is between the client and the edge.
fn hide_cookie(head: &mut RequestHeader, name: &str) -> pingora_error::Result<()> {
    let is_ours = |pair: &str| pair.split_once('=').is_some_and(|(key, _)| key.trim() == name);
    let lines: Vec<&str> = head
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    if !lines.iter().flat_map(|line| line.split(';')).any(is_ours) {
        return Ok(());
    }
    let rest: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split(';'))
        .map(str::trim)
        .filter(|pair| !is_ours(pair))
        .collect();
    if rest.is_empty() {
        head.remove_header(&header::COOKIE);
        return Ok(());
    }
    let rest = rest.join("; ");
    head.insert_header(header::COOKIE, rest)
}

fn rewrite(head: &mut RequestHeader, how: &Rewrite) -> pingora_error::Result<()> {
    let mut target = how.path(head.uri.path());
    if let Some(query) = head.uri.query() {
        target.push('?');
        target.push_str(query);
    }
    head.set_raw_path(target.as_bytes())
}

/// Counts a piece of the body on its way. A body without a declared length shows only here that it is too large.
pub(crate) fn body(
    route: &Route,
    body: &mut Option<Bytes>,
    end_of_stream: bool,
    ctx: &mut RequestContext,
) -> Result<(), ClientError> {
    let length = body.as_ref().map_or(0, Bytes::len);
    if end_of_stream {
        ctx.body_arrived();
    }
    ctx.body_bytes += u64::try_from(length).unwrap_or(u64::MAX);
    if ctx.body_bytes > route.max_body {
        return Err(super::admit::too_large());
    }
    // An empty last piece would be written as a second end of a chunked body and spoil the pooled connection.
    if end_of_stream && length == 0 {
        *body = None;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn head(target: &str, cookies: &[&str]) -> RequestHeader {
        let mut head = RequestHeader::build("GET", target.as_bytes(), None).unwrap();
        for cookie in cookies {
            head.append_header(header::COOKIE, *cookie).unwrap();
        }
        head
    }

    fn cookies(head: &RequestHeader) -> Vec<&str> {
        head.headers
            .get_all(header::COOKIE)
            .iter()
            .map(|line| line.to_str().unwrap())
            .collect()
    }

    #[test]
    fn only_the_affinity_cookie_is_hidden() {
        let mut request = head("/", &["a=1; edge_affinity=x; b=2", "edge_affinity_not=3"]);
        hide_cookie(&mut request, "edge_affinity").unwrap();
        assert_eq!(cookies(&request), ["a=1; b=2; edge_affinity_not=3"]);
        let mut request = head("/", &["edge_affinity=x"]);
        hide_cookie(&mut request, "edge_affinity").unwrap();
        assert!(cookies(&request).is_empty());
        let mut request = head("/", &["a=1", "b=2"]);
        hide_cookie(&mut request, "edge_affinity").unwrap();
        assert_eq!(cookies(&request), ["a=1", "b=2"]);
    }

    #[test]
    fn what_clients_may_not_say_is_taken_away_however_often_they_say_it() {
        let mut request = head("/", &["a=1"]);
        for name in names::STRIPPED_FROM_CLIENTS {
            request.append_header(name.to_ascii_uppercase(), "forged").unwrap();
            request.append_header(*name, "again").unwrap();
            request.append_header(name.replace('-', "_"), "in disguise").unwrap();
        }
        request.append_header("x-user-idea", "kept").unwrap();
        strip(&mut request);
        let left: Vec<&str> = request.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["cookie", "x-user-idea"]);
    }

    #[test]
    fn a_rewrite_keeps_the_query() {
        let mut request = head("/notifications/socket.io/?EIO=4&t=%41", &[]);
        rewrite(&mut request, &Rewrite::prefix("/notifications/socket.io", "/socket.io")).unwrap();
        assert_eq!(request.raw_path(), b"/socket.io/?EIO=4&t=%41");
    }
}
