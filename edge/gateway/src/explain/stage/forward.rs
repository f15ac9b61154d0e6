//! Forward: what the service would see, as the difference between two heads.

use crate::{
    context::RequestContext,
    explain::{
        peek::{Peek, World},
        report::StageName::Forward,
    },
    generation::Route,
    phase::{Wish, forward},
};
use edge_config::{HIDDEN, is_secret_field};
use edge_policy::rewrite::Rewrite;
use http::{HeaderMap, HeaderName, HeaderValue};
use pingora_http::RequestHeader;
use serde_json::json;
use shared_contracts::header as names;

/// Fields that every request gets anew, unless the client brings them.
const NEW_EACH_TIME: [&str; 3] = [names::REQUEST_ID, names::TRACEPARENT, names::REQUEST_TIMEOUT];

/// The head that goes to the service.
pub(in crate::explain) fn head(
    peek: &mut Peek<'_>,
    route: &Route,
    client: &RequestHeader,
    ctx: &RequestContext,
    is_tunnel: bool,
) -> pingora_error::Result<RequestHeader> {
    let token = match peek.world {
        World::Running(edge) => edge.service_token.clone(),
        World::Offline(_) => Some(HeaderValue::from_static(HIDDEN)),
    };
    let sent = if is_tunnel {
        Wish::Upgrade.head(token.as_ref(), route, client, ctx)?
    } else {
        let mut head = client.clone();
        forward::head(token.as_ref(), route, &mut head, ctx)?;
        head
    };
    path(peek, route, client, &sent);
    fields(peek, client, &sent, &ctx.generation.told);
    Ok(sent)
}

fn path(peek: &mut Peek<'_>, route: &Route, client: &RequestHeader, sent: &RequestHeader) {
    let path = peek.target_of(sent);
    if sent.raw_path() == client.raw_path() {
        peek.book.note(Forward, "path", path.clone(), path);
    } else {
        let (key, how) = match &route.rewrite {
            Some(Rewrite::Template(_)) => ("rewrite", ""),
            Some(Rewrite::Prefix { .. }) => ("rewrite_prefix", ""),
            None => ("auth", ": the token stays here"),
        };
        let key = format!("{}.{key}", peek.route);
        let text = format!("{path}, from {}{how}", peek.target_of(client));
        peek.book.because(&key, Forward, "path", path, text);
    }
}

fn fields(peek: &mut Peek<'_>, client: &RequestHeader, sent: &RequestHeader, told: &[HeaderName]) {
    let (removed, set) = (changes(peek, "remove"), changes(peek, "set"));
    for name in client.headers.keys().filter(|name| !sent.headers.contains_key(*name)) {
        let name = name.as_str();
        peek.book
            .field(&removed, Forward, "removed", name, name, name.to_owned());
    }
    // What a client may not say is the edge's word, though it may be the same.
    let is_same = |name: &HeaderName| {
        let (before, after) = (client.headers.get_all(name), sent.headers.get_all(name));
        let is_ours = names::STRIPPED_FROM_CLIENTS.contains(&name.as_str()) || told.contains(name);
        before.iter().eq(after.iter()) && !is_ours
    };
    for name in sent.headers.keys().filter(|name| !is_same(name)) {
        let value = shown(name, &sent.headers, client);
        let text = format!("{name}: {value}");
        let value = json!({ "name": name.as_str(), "value": value });
        peek.book.field(&set, Forward, "set", name.as_str(), value, text);
    }
}

/// The key of the route's changes to what a service is sent.
fn changes(peek: &Peek<'_>, what: &str) -> String {
    format!("{}.headers.request.{what}", peek.route)
}

fn shown(name: &HeaderName, headers: &HeaderMap, client: &RequestHeader) -> String {
    if NEW_EACH_TIME.contains(&name.as_str()) && !client.headers.contains_key(name) {
        return "(new for each request)".to_owned();
    }
    if is_secret_field(name.as_str()) {
        return HIDDEN.to_owned();
    }
    let values = headers.get_all(name).iter();
    let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    values.join(", ")
}
