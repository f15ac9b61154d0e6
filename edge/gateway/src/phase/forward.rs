//! Forward: what the service sees. What clients may not say is taken away, what only the edge can say is added.

use crate::{
    context::RequestContext,
    generation::{Route, Serves},
    heads::{self, Head},
    problem::ClientError,
};
use bytes::Bytes;
use edge_policy::{
    cache::{self, Credentials},
    client_ip,
    identity::without,
    rewrite::Rewrite,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use pingora_error::{ErrorType, OrErr};
use pingora_http::RequestHeader;
use shared_contracts::header as names;

/// As many fields as the edge adds to a head.
const MOST_ADDED: usize = 13;

/// Makes the head that goes to the service out of the client's. `token` is the edge's own.
pub(crate) fn head(
    token: Option<&HeaderValue>,
    route: &Route,
    head: &mut RequestHeader,
    ctx: &RequestContext,
) -> pingora_error::Result<()> {
    if let Some(gate) = &route.gate {
        hide_parameters(head, &gate.parameters())?;
    }
    if let Some(how) = &route.rewrite {
        rewrite(head, how)?;
    }
    let hides = hides(route, &head.method);
    let hops = hops_left(head);
    head.change(|fields| {
        // Grown once, not at each doubling.
        fields.reserve(MOST_ADDED);
        strip(fields, &ctx.generation.told);
        if hides == Some(Credentials::Stripped) {
            cache::strip(fields);
        }
        join_cookies(fields)?;
        identity(token, fields, ctx)?;
        if let Some(credentials) = hides {
            for_all(credentials, fields, ctx);
        }
        if let Some(hops) = hops {
            fields.insert(header::MAX_FORWARDS, hops.saturating_sub(1).into());
        }
        if let Some(deadline) = ctx.deadline() {
            heads::time_left(fields, deadline);
        }
        if ctx.attempts > 1 {
            fields.insert(&heads::REQUEST_ATTEMPT, ctx.attempts.into());
        }
        if let Some(host) = ctx
            .forwarded_host
            .as_ref()
            .or_else(|| fields.get(header::HOST))
            .cloned()
        {
            fields.insert(&heads::FORWARDED_HOST, host);
        }
        if let Serves::Upstream {
            sticky: Some(sticky), ..
        } = &route.serves
        {
            hide_cookie(fields, &sticky.cookie)?;
        }
        route.headers.request.apply(fields);
        Ok(())
    })
}

/// How many servers an OPTIONS may still pass, where it says so (RFC 9110, section 7.6.2). TRACE is refused.
pub(super) fn hops_left(head: &RequestHeader) -> Option<u32> {
    if head.method != Method::OPTIONS {
        return None;
    }
    let value = head.headers.get(header::MAX_FORWARDS)?.to_str().ok()?;
    value.parse().ok()
}

/// What is kept from the service of those whose answers others get too; none where nobody else gets them.
fn hides(route: &Route, method: &Method) -> Option<Credentials> {
    let caches = route.caches.as_ref()?;
    matches!(*method, Method::GET | Method::HEAD).then_some(caches.terms.credentials)
}

/// An answer that others get too: in the plain form, which the edge compresses for each; and, where there is one for all, by nobody.
fn for_all(credentials: Credentials, fields: &mut HeaderMap, ctx: &RequestContext) {
    fields.remove(header::ACCEPT_ENCODING);
    if credentials == Credentials::Stripped {
        for (name, _) in ctx.identity.claims().iter().flat_map(|verified| &verified.fields) {
            fields.remove(name);
        }
    }
}

/// Takes away what clients may not say. The fields that came are looked through once: most requests bring none of these
/// names, and looking each of them up would cost more than all the rest of this phase.
fn strip(fields: &mut HeaderMap, told: &[HeaderName]) {
    let found = fields.keys().filter(|name| is_ours(name) || told.contains(name));
    let found: Vec<HeaderName> = found.cloned().collect();
    for name in &found {
        fields.remove(name);
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
    fields: &mut HeaderMap,
    ctx: &RequestContext,
) -> pingora_error::Result<()> {
    for (name, value) in ctx.identity.claims().iter().flat_map(|verified| &verified.fields) {
        fields.insert(name.clone(), value.clone());
    }
    fields.insert(&heads::REQUEST_ID, value(&ctx.request_id)?);
    fields.insert(&heads::TRACEPARENT, value(&ctx.traceparent)?);
    fields.insert(&heads::FORWARDED_FOR, value(&client_ip::text(ctx.client))?);
    fields.insert(
        &heads::FORWARDED_PROTO,
        HeaderValue::from_static(if ctx.secure { "https" } else { "http" }),
    );
    if let Some(certificate) = &ctx.client_cert {
        fields.insert(&heads::CLIENT_CERT, certificate.clone());
    }
    if let Some(token) = token {
        fields.insert(&heads::SERVICE_TOKEN, token.clone());
    }
    Ok(())
}

/// Makes of the head that went to one target the one that goes to another while the first may still answer.
pub(crate) fn again(route: &Route, fields: &mut HeaderMap, ctx: &RequestContext) {
    if let Some(deadline) = ctx.deadline() {
        heads::time_left(fields, deadline);
    }
    fields.insert(&heads::REQUEST_ATTEMPT, ctx.attempts.into());
    // It has the last word.
    route.headers.request.apply(fields);
}

fn value(text: &str) -> pingora_error::Result<HeaderValue> {
    HeaderValue::from_str(text).or_err(ErrorType::InvalidHTTPHeader, "no value of a field")
}

/// A token in the query is between the client and the edge.
fn hide_parameters<'n>(
    head: &mut RequestHeader,
    names: &(impl Iterator<Item = &'n str> + Clone),
) -> pingora_error::Result<()> {
    if names.clone().next().is_none() {
        return Ok(());
    }
    let Some(rest) = head.uri.query().and_then(|query| without(query, names)) else {
        return Ok(());
    };
    let mut target = head.uri.path().to_owned();
    if !rest.is_empty() {
        target.push('?');
        target.push_str(&rest);
    }
    head.set_raw_path(target.as_bytes())
}

/// HTTP/2 may send cookies in several lines, HTTP/1 may not (RFC 9113, section 8.2.3); and of two lines, servers read
/// different ones.
fn join_cookies(fields: &mut HeaderMap) -> pingora_error::Result<()> {
    let mut lines = fields.get_all(header::COOKIE).iter();
    if lines.next().is_none() || lines.next().is_none() {
        return Ok(());
    }
    let lines: Vec<&[u8]> = fields
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let joined = HeaderValue::from_bytes(&lines.join(&b"; "[..]));
    fields.insert(
        header::COOKIE,
        joined.or_err(ErrorType::InvalidHTTPHeader, "no value of a field")?,
    );
    Ok(())
}

/// The affinity cookie is between the client and the edge. Bytes: browsers send cookies of any charset beside it.
fn hide_cookie(fields: &mut HeaderMap, name: &str) -> pingora_error::Result<()> {
    let is_ours = |pair: &&[u8]| {
        let key = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        key.len() < pair.len() && key.trim_ascii() == name.as_bytes()
    };
    let pairs = || {
        let lines = fields.get_all(header::COOKIE).iter();
        lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
    };
    if !pairs().any(|pair| is_ours(&pair)) {
        return Ok(());
    }
    let rest: Vec<&[u8]> = pairs().map(<[u8]>::trim_ascii).filter(|pair| !is_ours(pair)).collect();
    if rest.is_empty() {
        fields.remove(header::COOKIE);
        return Ok(());
    }
    let rest = HeaderValue::from_bytes(&rest.join(&b"; "[..]));
    fields.insert(
        header::COOKIE,
        rest.or_err(ErrorType::InvalidHTTPHeader, "no value of a field")?,
    );
    Ok(())
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

    fn with(cookies: &[&'static str]) -> HeaderMap {
        let value = |cookie: &&'static str| (header::COOKIE, HeaderValue::from_bytes(cookie.as_bytes()).unwrap());
        cookies.iter().map(value).collect()
    }

    #[test]
    fn only_the_affinity_cookie_is_hidden() {
        for (sent, left) in [
            (
                &["a=1; edge_affinity=x; b=2", "edge_affinity_not=3"][..],
                &["a=1; b=2; edge_affinity_not=3"][..],
            ),
            (&["edge_affinity=x"], &[]),
            (&["a=1", "b=2"], &["a=1", "b=2"]),
            (&["edge_affinity", "edge_affinity=x=y"], &["edge_affinity"]),
            (&["name=J\u{f6}rg; edge_affinity=x; b=2"], &["name=J\u{f6}rg; b=2"]),
            (&["edge_affinity=\u{f6}"], &[]),
        ] {
            let mut fields = with(sent);
            hide_cookie(&mut fields, "edge_affinity").unwrap();
            let lines = fields.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
            assert!(
                lines.eq(left.iter().map(|line| line.as_bytes())),
                "{sent:?}: {fields:?}"
            );
        }
    }

    #[test]
    fn what_clients_may_not_say_is_taken_away_however_often_they_say_it() {
        let mut fields = with(&["a=1"]);
        for name in names::STRIPPED_FROM_CLIENTS {
            fields.append(*name, HeaderValue::from_static("forged"));
            fields.append(*name, HeaderValue::from_static("again"));
            let disguised = HeaderName::try_from(name.replace('-', "_")).unwrap();
            fields.append(disguised, HeaderValue::from_static("in disguise"));
        }
        fields.append("x-user-idea", HeaderValue::from_static("kept"));
        fields.append("x-tenant", HeaderValue::from_static("forged"));
        strip(&mut fields, &[HeaderName::from_static("x-tenant")]);
        let left: Vec<&str> = fields.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["cookie", "x-user-idea"]);
    }

    #[test]
    fn a_token_in_the_query_goes_no_further() {
        for (target, want) in [
            ("/a?access_token=x", "/a"),
            ("/a?b=1&access_token=x&c=%41", "/a?b=1&c=%41"),
            ("/a?b=1", "/a?b=1"),
            ("/a", "/a"),
        ] {
            let mut request = RequestHeader::build("GET", target.as_bytes(), None).unwrap();
            hide_parameters(&mut request, &["access_token"].into_iter()).unwrap();
            assert_eq!(request.raw_path(), want.as_bytes());
        }
    }

    #[test]
    fn a_rewrite_keeps_the_query() {
        let mut request = RequestHeader::build("GET", b"/notifications/socket.io/?EIO=4&t=%41", None).unwrap();
        rewrite(&mut request, &Rewrite::prefix("/notifications/socket.io", "/socket.io")).unwrap();
        assert_eq!(request.raw_path(), b"/socket.io/?EIO=4&t=%41");
    }
}
