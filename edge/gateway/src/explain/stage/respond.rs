//! Respond: what the edge would put into the answer's head, and how long it waits for one.

use crate::{
    context::RequestContext,
    explain::{peek::Peek, report::StageName::Respond},
    generation::Route,
    phase::respond,
    problem::ClientError,
};
use edge_config::{HIDDEN, is_secret_field};
use edge_policy::compression::{Coding, Untouched, Verdict, negotiate};
use http::{HeaderMap, header};
use pingora_error::Result;
use pingora_http::ResponseHeader;
use serde_json::json;
use shared_contracts::header as names;

/// Bounds, tries, and the fields that are added to a service's answer.
pub(in crate::explain) fn service(
    peek: &mut Peek<'_>,
    route: &Route,
    request: &HeaderMap,
    ctx: &RequestContext,
) -> Result<()> {
    bounds(peek, route);
    compression(peek, route, request);
    let mut response = ResponseHeader::build(200, None)?;
    respond::decorate(request, &mut response, Verdict::Untouched(Untouched::NotAsked), ctx)?;
    fields(peek, &response.headers);
    Ok(())
}

/// Bounds, tries, and the fields of the composed schema's answer.
pub(in crate::explain) fn composed(peek: &mut Peek<'_>, route: &Route, request: &HeaderMap, ctx: &RequestContext) {
    bounds(peek, route);
    compression(peek, route, request);
    own(peek, request, ctx);
}

fn bounds(peek: &mut Peek<'_>, route: &Route) {
    let at = peek.route.clone();
    let key = |key: &str| format!("{at}.{key}");
    for bound in ["connect", "first_byte", "request", "idle"] {
        peek.book
            .setting(Respond, &key(&format!("timeouts.{bound}")), &format!("timeout_{bound}"));
    }
    peek.book.setting(Respond, &key("retries.attempts"), "attempts");
    if route.retry.attempts > 1 {
        for bound in ["retry_on", "methods", "budget"] {
            peek.book.setting(Respond, &key(&format!("retries.{bound}")), bound);
        }
    }
    if route.streaming.is_some() {
        peek.book.setting(Respond, &key("streaming"), "streaming");
    }
}

/// The coding that an answer would get which is worth it.
fn compression(peek: &mut Peek<'_>, route: &Route, request: &HeaderMap) {
    let Some(compression) = &route.compression else {
        return;
    };
    let key = format!("{}.compression", peek.route);
    let coding = negotiate(request, &compression.terms.offered).map(Coding::name);
    let text = match coding {
        Some(coding) => {
            let least = peek.book.shown(&format!("{key}.min_size"));
            format!("{coding}, for answers of {least} or more of the types that are worth it")
        }
        None => "none: the client takes none that is offered".to_owned(),
    };
    peek.book
        .because(&format!("{key}.algorithms"), Respond, "coding", coding, text);
}

/// The fields that are added to an answer of the edge's own.
pub(in crate::explain) fn own(peek: &mut Peek<'_>, request: &HeaderMap, ctx: &RequestContext) {
    let mut response = HeaderMap::new();
    respond::configured(&mut response, ctx);
    respond::common(request, &mut response, ctx);
    fields(peek, &response);
}

/// A refusal.
pub(in crate::explain) fn refused(peek: &mut Peek<'_>, error: &ClientError, request: &HeaderMap, ctx: &RequestContext) {
    let text = format!("{} {}: {}", error.code.status(), error.code, error.detail);
    let value = json!({
        "status": error.code.status(), "code": error.code, "detail": error.detail,
        "retryAfterSeconds": error.retry_after_seconds(), "closes": error.close,
    });
    peek.book.note(Respond, "problem", value, text);
    if let Some(seconds) = error.retry_after_seconds() {
        peek.book.note(Respond, "retry_after", seconds, format!("{seconds} s"));
    }
    own(peek, request, ctx);
}

fn fields(peek: &mut Peek<'_>, response: &HeaderMap) {
    let told = [names::REQUEST_ID, header::RETRY_AFTER.as_str()];
    let changes = format!("{}.headers.response", peek.route);
    for removed in peek.book.words(&format!("{changes}.remove")) {
        let (key, text) = (
            format!("{changes}.remove"),
            format!("{removed}, where the service sends it"),
        );
        peek.book.because(&key, Respond, "header_removed", removed, text);
    }
    let set = format!("{changes}.set");
    for (name, value) in response {
        if told.contains(&name.as_str()) {
            continue;
        }
        // The affinity cookie binds whoever sends it: it is the client's alone.
        let value = match is_secret_field(name.as_str()) {
            true => HIDDEN.into(),
            false => String::from_utf8_lossy(value.as_bytes()),
        };
        let text = format!("{name}: {value}");
        let value = json!({ "name": name.as_str(), "value": value });
        peek.book.field(&set, Respond, "header", name.as_str(), value, text);
    }
}
