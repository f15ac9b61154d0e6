//! Forward: what the service sees. What clients may not say is taken away, what only the edge can say is added.

use crate::{
    context::RequestContext,
    generation::{Route, Serves},
    heads::{self, Head},
    problem::ClientError,
};
use bytes::Bytes;
use edge_policy::{client_ip, rewrite::Rewrite};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use pingora_error::{ErrorType, OrErr};
use pingora_http::RequestHeader;
use shared_contracts::header as names;
use std::time::Instant;

/// As many fields as the edge adds to a head.
const MOST_ADDED: usize = 12;

/// Makes the head that goes to the service out of the client's. `token` is the edge's own.
pub(crate) fn head(
    token: Option<&HeaderValue>,
    route: &Route,
    head: &mut RequestHeader,
    ctx: &RequestContext,
) -> pingora_error::Result<()> {
    if let Some(how) = &route.rewrite {
        rewrite(head, how)?;
    }
    head.change(|fields| {
        // Grown once, not at each doubling.
        fields.reserve(MOST_ADDED);
        strip(fields);
        identity(token, fields, ctx)?;
        if let Some(deadline) = ctx.deadline() {
            time_left(fields, deadline);
        }
        if ctx.attempts > 1 {
            fields.insert(&heads::REQUEST_ATTEMPT, ctx.attempts.into());
        }
        if let Some(host) = fields.get(header::HOST).cloned() {
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

/// Takes away what clients may not say. The fields that came are looked through once: most requests bring none of these
/// names, and looking each of them up would cost more than all the rest of this phase.
fn strip(fields: &mut HeaderMap) {
    let is_ours = |name: &HeaderName| names::STRIPPED_FROM_CLIENTS.contains(&name.as_str());
    let found: Vec<HeaderName> = fields.keys().filter(|name| is_ours(name)).cloned().collect();
    for name in &found {
        fields.remove(name);
    }
}

/// Who asks, for whom, under which names. Clients' own copies must be gone already.
pub(crate) fn identity(
    token: Option<&HeaderValue>,
    fields: &mut HeaderMap,
    ctx: &RequestContext,
) -> pingora_error::Result<()> {
    for (name, value) in ctx.identity.headers() {
        fields.insert(name, value);
    }
    fields.insert(&heads::REQUEST_ID, value(&ctx.request_id)?);
    fields.insert(&heads::TRACEPARENT, value(&ctx.traceparent)?);
    fields.insert(&heads::FORWARDED_FOR, value(&client_ip::text(ctx.client))?);
    fields.insert(
        &heads::FORWARDED_PROTO,
        HeaderValue::from_static(if ctx.secure { "https" } else { "http" }),
    );
    if let Some(token) = token {
        fields.insert(&heads::SERVICE_TOKEN, token.clone());
    }
    Ok(())
}

/// How long somebody will wait for the answer.
pub(crate) fn time_left(fields: &mut HeaderMap, deadline: Instant) {
    let left = deadline.saturating_duration_since(Instant::now()).as_millis();
    let left = u64::try_from(left).unwrap_or(u64::MAX).max(1);
    fields.insert(&heads::REQUEST_TIMEOUT, left.into());
}

fn value(text: &str) -> pingora_error::Result<HeaderValue> {
    HeaderValue::from_str(text).or_err(ErrorType::InvalidHTTPHeader, "no value of a field")
}

/// The affinity cookie is between the client and the edge.
fn hide_cookie(fields: &mut HeaderMap, name: &str) -> pingora_error::Result<()> {
    let is_ours = |pair: &str| pair.split_once('=').is_some_and(|(key, _)| key.trim() == name);
    let lines: Vec<&str> = fields
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
        fields.remove(header::COOKIE);
        return Ok(());
    }
    let rest = value(&rest.join("; "))?;
    fields.insert(header::COOKIE, rest);
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
        let value = |cookie: &&'static str| (header::COOKIE, HeaderValue::from_static(cookie));
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
        ] {
            let mut fields = with(sent);
            hide_cookie(&mut fields, "edge_affinity").unwrap();
            assert!(fields.get_all(header::COOKIE).iter().eq(left), "{sent:?}: {fields:?}");
        }
    }

    #[test]
    fn what_clients_may_not_say_is_taken_away_however_often_they_say_it() {
        let mut fields = with(&["a=1"]);
        for name in names::STRIPPED_FROM_CLIENTS {
            fields.append(*name, HeaderValue::from_static("forged"));
            fields.append(*name, HeaderValue::from_static("again"));
        }
        fields.append("x-user-idea", HeaderValue::from_static("kept"));
        strip(&mut fields);
        let left: Vec<&str> = fields.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["cookie", "x-user-idea"]);
    }

    #[test]
    fn a_rewrite_keeps_the_query() {
        let mut request = RequestHeader::build("GET", b"/notifications/socket.io/?EIO=4&t=%41", None).unwrap();
        rewrite(&mut request, &Rewrite::prefix("/notifications/socket.io", "/socket.io")).unwrap();
        assert_eq!(request.raw_path(), b"/socket.io/?EIO=4&t=%41");
    }
}
