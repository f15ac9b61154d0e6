//! What is defined and used by nobody.

use super::Report;
use crate::{Config, diagnose::code};
use std::collections::HashSet;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let routes = || config.routes.values();
    let fallbacks = routes().filter_map(|route| route.fallback.as_ref()?.upstream.as_deref());
    let upstreams = routes().flat_map(|route| route.upstreams()).chain(fallbacks);
    let upstreams = upstreams.chain(config.jwt.values().filter_map(|jwt| jwt.jwks.upstream.as_deref()));
    let jwt: Vec<String> = routes().flat_map(|route| route.auth.issuers()).cloned().collect();
    let limits = routes()
        .flat_map(|route| &route.rate_limits)
        .map(|charge| &charge.limit);
    let breakers = config
        .upstreams
        .values()
        .filter_map(|upstream| upstream.circuit_breaker.as_deref());
    let sections: [(&str, Vec<&String>, HashSet<&str>); 5] = [
        (
            "cors",
            config.cors.keys().collect(),
            routes().filter_map(|route| route.cors.as_deref()).collect(),
        ),
        (
            "jwt",
            config.jwt.keys().collect(),
            jwt.iter().map(String::as_str).collect(),
        ),
        (
            "rate_limits",
            config.rate_limits.keys().collect(),
            limits.map(String::as_str).collect(),
        ),
        (
            "circuit_breakers",
            config.circuit_breakers.keys().collect(),
            breakers.collect(),
        ),
        ("upstreams", config.upstreams.keys().collect(), upstreams.collect()),
    ];
    for (section, defined, used) in sections {
        for name in defined.into_iter().filter(|name| !used.contains(name.as_str())) {
            let entry = report
                .tree()
                .entry(section)
                .and_then(|section| section.node.entry(name));
            let at = entry.map(|entry| entry.key_at).unwrap_or_default();
            let words = format!("{section}.{name} is used by nothing; use it, or take it out");
            report.add_at(code::UNUSED, at, &[section, name], words);
        }
    }
}
