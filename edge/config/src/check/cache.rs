//! Answers that are kept.

use super::{Report, is_token};
use crate::{Config, Route, diagnose::code, units::ByteSize};
use edge_policy::cache::is_credential;
use http::HeaderName;

/// Less holds nothing worth a look.
const LEAST: ByteSize = ByteSize(1 << 20);
/// More than any machine has: the store counts in numbers of 32 bits.
const LARGEST: ByteSize = ByteSize(2 << 30);

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let cache = &config.cache;
    if cache.max_size < LEAST {
        let words = format!("`{}` holds hardly anything; write at least `{LEAST}`", cache.max_size);
        report.bad_value(&["cache", "max_size"], words);
        return;
    }
    let most = ByteSize((cache.max_size.0 / 8).min(LARGEST.0));
    if cache.max_object > most {
        let words = format!(
            "one answer of `{}` would drive out all others; write at most an eighth of `max_size`, `{most}`",
            cache.max_object
        );
        report.bad_value(&["cache", "max_object"], words);
    }
}

pub(super) fn route(name: &str, route: &Route, config: &Config, report: &mut Report<'_>) {
    let Some(cache) = &route.cache else { return };
    let path = ["routes", name, "cache"];
    if let Some(words) = contradiction(route, config) {
        report.add(code::CONTRADICTION, &path, words);
    }
    let methods = &route.matches.methods;
    if !methods.is_empty() && !methods.iter().any(|method| method == "GET" || method == "HEAD") {
        let words = "only answers to `GET` and `HEAD` are kept, and the route takes neither; take it out";
        report.add(code::NEVER_ACTS, &path, words);
    }
    if let Some(wait) = cache.lock_timeout.filter(|wait| *wait > route.timeouts.request) {
        let words = format!(
            "a request is given up after `timeouts.request`, `{}`: `{wait}` never acts; take it out, or write less",
            route.timeouts.request
        );
        report.add(code::NEVER_ACTS, &["routes", name, "cache", "lock_timeout"], words);
    }
    for (index, field) in cache.vary.iter().enumerate() {
        let index = index.to_string();
        super::judge(report, &["routes", name, "cache", "vary", &index], varies(field));
    }
}

fn contradiction(route: &Route, config: &Config) -> Option<&'static str> {
    let is_bound = || {
        let upstream = config.upstreams.get(route.upstream.as_ref()?)?;
        upstream.sticky.as_ref().filter(|_| route.sticky)
    };
    if route.graphql.is_some() {
        Some("`cache` is for `upstream`: the composed API answers each caller by itself; take it out")
    } else if route.streaming.is_some() {
        Some("what stays open is never a whole answer; keep `cache` or `streaming`")
    } else if route.hedge.is_some() {
        Some("what is asked of two instances at once is not kept; keep `cache` or `hedge`")
    } else if is_bound().is_some() {
        Some(
            "clients are bound to one instance each, and would get each other's answers; write `sticky: false` on the route",
        )
    } else {
        None
    }
}

fn varies(field: &str) -> Result<(), String> {
    let name = HeaderName::from_bytes(field.as_bytes())
        .ok()
        .filter(|_| is_token(field) && field != "*");
    match name {
        None => Err(format!(
            "`{field}` is not a header's name; write it like `accept-language`"
        )),
        Some(name) if name == "accept-encoding" => {
            Err("services are asked for the plain form, which the edge compresses for each client; take it out".into())
        }
        Some(name) if is_credential(&name) => Err(format!(
            "`{field}` tells who asks, and is part of the key already (`credentials`); take it out"
        )),
        Some(_) => Ok(()),
    }
}
