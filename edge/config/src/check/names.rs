//! Every name that is used is defined.

use super::Report;
use crate::{
    Auth, Config,
    diagnose::{code, nearest},
};
use std::collections::HashMap;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let mut names = Names::default();
    for (name, jwt) in &config.jwt {
        if let Some(upstream) = &jwt.jwks.upstream {
            names.refer(report, "upstreams", upstream, &["jwt", name, "jwks", "upstream"]);
        }
    }
    for (name, upstream) in &config.upstreams {
        if let Some(breaker) = &upstream.circuit_breaker {
            names.refer(
                report,
                "circuit_breakers",
                breaker,
                &["upstreams", name, "circuit_breaker"],
            );
        }
    }
    for (name, route) in &config.routes {
        let at = |rest: &[&'static str]| [&["routes", name.as_str()], rest].concat();
        if let Auth::Jwt { names: issuers, .. } = &route.auth {
            for (number, issuer) in issuers.iter().enumerate() {
                let number = number.to_string();
                let place = &["routes", name.as_str(), "auth", "jwt", &number];
                // One name may stand there as it is.
                let place = if issuers.len() == 1 { &place[..4] } else { place };
                names.refer(report, "jwt", issuer, place);
            }
        }
        for (number, charge) in route.rate_limits.iter().enumerate() {
            let (index, limit) = (number.to_string(), &charge.limit);
            let path = ["routes", name, "rate_limits", &index];
            names.refer(report, "rate_limits", limit, &path);
            if route.rate_limits[..number].iter().any(|other| other.limit == *limit) {
                report.bad_value(&path, format!("`{limit}` is here twice; keep one"));
            }
        }
        if let Some(cors) = &route.cors {
            names.refer(report, "cors", cors, &at(&["cors"]));
        }
        if let Some(upstream) = &route.upstream {
            names.refer(report, "upstreams", upstream, &at(&["upstream"]));
        }
        if let Some(upstream) = route.fallback.as_ref().and_then(|fallback| fallback.upstream.as_ref()) {
            names.refer(report, "upstreams", upstream, &at(&["fallback", "upstream"]));
        }
        for (subgraph, part) in route.graphql.iter().flat_map(|graphql| &graphql.subgraphs) {
            let path = ["routes", name, "graphql", "subgraphs", subgraph, "upstream"];
            names.refer(report, "upstreams", &part.upstream, &path);
        }
    }
}

/// What is defined, by section, with lines; looked up in the file itself: a definition that was refused for a mistake of its
/// own is still a definition.
#[derive(Default)]
struct Names<'a>(HashMap<&'static str, HashMap<&'a str, u32>>);

impl<'a> Names<'a> {
    fn refer(&mut self, report: &mut Report<'a>, section: &'static str, name: &str, path: &[&str]) {
        let tree = report.tree();
        let defined = self.0.entry(section).or_insert_with(|| {
            let entries = tree
                .entry(section)
                .map(|entry| entry.node.entries())
                .unwrap_or_default();
            entries
                .iter()
                .map(|entry| (entry.key.as_str(), entry.key_at.line))
                .collect()
        });
        if defined.contains_key(name) || report.refused(&[], section) {
            return;
        }
        let hint = match nearest(name, defined.keys().copied()) {
            Some(near) => format!("did you mean `{near}` (line {})?", defined[near]),
            None if defined.is_empty() => "define it there".to_owned(),
            None => format!("define it there, or use one of {}", known(defined)),
        };
        report.add(
            code::DANGLING,
            path,
            format!("`{name}` is not defined in {section}; {hint}"),
        );
    }
}

/// Some names that are defined.
fn known(defined: &HashMap<&str, u32>) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<_> = defined.iter().map(|(name, line)| (line, format!("`{name}`"))).collect();
    names.sort();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    let names: Vec<_> = names.into_iter().take(SHOWN).map(|(_, name)| name).collect();
    format!("{}{more}", names.join(", "))
}
