//! Cache: whether a request looks into it, and under which key.

use crate::{
    context::RequestContext,
    explain::{peek::Peek, report::StageName::Respond},
    generation::Route,
    phase::cache::target,
};
use edge_policy::cache::{Asked, Credentials, is_credential, judge};
use http::HeaderName;
use pingora_http::RequestHeader;
use serde_json::json;

/// What the cache is to the request.
pub(in crate::explain) fn look(peek: &mut Peek<'_>, route: &Route, head: &RequestHeader, ctx: &RequestContext) {
    let Some(caches) = &route.caches else { return };
    let at = format!("{}.cache", peek.route);
    let (word, text) = match judge(&head.method, &head.headers) {
        Err(why) => (
            "bypass",
            format!(
                "passed by ({}): the service is asked, and its answer not kept",
                why.word()
            ),
        ),
        Ok(Asked {
            only_if_cached: true, ..
        }) => ("only_if_cached", "answered from it, or refused with 504".to_owned()),
        Ok(Asked { is_part: true, .. }) => (
            "look",
            "a part of an answer that is kept; else the service is asked for the part, which is not kept".to_owned(),
        ),
        Ok(_) => (
            "look",
            "answered from it if it can; else the answer is kept as far as it may be".to_owned(),
        ),
    };
    peek.book.because(&at, Respond, "cache", word, text);
    let target = target(caches, head, ctx);
    let who = match caches.terms.credentials {
        Credentials::Stripped => "the same for all who may".to_owned(),
        Credentials::Keyed => caller(head, ctx),
    };
    let scheme = if target.secure { "https" } else { "http" };
    let (host, path) = (
        String::from_utf8_lossy(target.host),
        peek.shown(&String::from_utf8_lossy(target.path)),
    );
    let vary: Vec<&str> = caches.terms.vary.iter().map(HeaderName::as_str).collect();
    let differs = match vary.is_empty() {
        true => String::new(),
        false => format!("; by {}", vary.join(", ")),
    };
    let text = format!("{scheme}://{host}{path}; {who}{differs}, and what the answer's Vary names");
    let value = json!({ "scheme": scheme, "host": host, "target": path, "caller": who, "vary": vary });
    peek.book
        .because(&format!("{at}.credentials"), Respond, "cache_key", value, text);
    for setting in ["ttl", "stale_while_revalidate", "stale_if_error", "lock_timeout"] {
        peek.book
            .setting(Respond, &format!("{at}.{setting}"), &format!("cache_{setting}"));
    }
}

/// By what a caller has answers of its own; the words tell no secret.
fn caller(head: &RequestHeader, ctx: &RequestContext) -> String {
    let token = ctx.identity.claims().map(|token| format!("user {}", token.sub));
    let mut names: Vec<&str> = head
        .headers
        .keys()
        .filter(|name| is_credential(name))
        .map(HeaderName::as_str)
        .collect();
    names.sort_unstable();
    let parts: Vec<String> = token.into_iter().chain(names.into_iter().map(str::to_owned)).collect();
    match parts.is_empty() {
        true => "anybody who shows nothing".to_owned(),
        false => format!("alone for this caller ({})", parts.join(", ")),
    }
}
