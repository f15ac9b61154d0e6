//! Each route makes sense, and each can win.

use super::Report;
use crate::{Config, Route, Streaming, diagnose::code};
use edge_policy::{
    path::{is_under, normalise},
    route::{INTERNAL, Pattern, Rule, shadowed},
};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let mut rules: Vec<(&str, Rule)> = Vec::new();
    for (name, route) in &config.routes {
        serves(name, route, report);
        rewrite(name, route, report);
        if !(1..=5).contains(&route.retries.attempts) {
            report.bad_value(
                &["routes", name, "retries", "attempts"],
                "attempts is 1 to 5, the first included",
            );
        }
        match route.matches.to_rule() {
            Ok(rule) => rules.push((name, rule)),
            Err(("", _)) if !report.is_whole(&["routes", name, "match"]) => {}
            Err((key, message)) => {
                let code = if key.is_empty() {
                    code::CONTRADICTION
                } else {
                    code::BAD_VALUE
                };
                let path = ["routes", name.as_str(), "match", key];
                report.add(code, if key.is_empty() { &path[..3] } else { &path }, message);
            }
        }
    }
    shadows(&rules, report);
}

fn serves(name: &str, route: &Route, report: &mut Report<'_>) {
    let path = ["routes", name];
    match (&route.upstream, &route.graphql) {
        (None, None) if report.lacks_key_of(&path) => {}
        (None, None) => report.add(code::CONTRADICTION, &path, "needs `upstream` or `graphql`"),
        (Some(_), Some(_)) => report.add(
            code::CONTRADICTION,
            &path,
            "has both `upstream` and `graphql`; keep one",
        ),
        (None, Some(graphql)) => {
            if graphql.subgraphs.is_empty() {
                report.bad_value(&["routes", name, "graphql", "subgraphs"], "none; name at least one");
            }
            if route.streaming.is_some() {
                let path = ["routes", name, "streaming"];
                report.add(
                    code::CONTRADICTION,
                    &path,
                    "`streaming` is for `upstream`, not for `graphql`",
                );
            }
        }
        (Some(_), None) => {
            let get = route.matches.methods.is_empty() || route.matches.methods.iter().any(|method| method == "GET");
            if route.streaming == Some(Streaming::Websocket) && !get {
                report.add(
                    code::CONTRADICTION,
                    &["routes", name, "streaming"],
                    "an upgrade is a GET; allow that method",
                );
            }
        }
    }
}

fn rewrite(name: &str, route: &Route, report: &mut Report<'_>) {
    let Some(with) = &route.rewrite_prefix else { return };
    let path = ["routes", name, "rewrite_prefix"];
    if route.matches.path_prefix.is_none() || route.upstream.is_none() {
        report.add(
            code::CONTRADICTION,
            &path,
            "`rewrite_prefix` needs `match.path_prefix` and `upstream`",
        );
    } else if let Err(error) = normalise(with) {
        report.bad_value(&path, error.to_string());
    } else if is_under(with, INTERNAL) {
        report.bad_value(
            &path,
            format!("`{INTERNAL}` is the services' own and is never reached through the edge"),
        );
    }
}

/// Two routes that take the same request by equal patterns: the later in the file is told.
fn shadows(rules: &[(&str, Rule)], report: &mut Report<'_>) {
    let key_at = |report: &Report<'_>, name: &str| {
        let routes = report.tree.entry("routes");
        routes
            .and_then(|routes| routes.node.entry(name))
            .map(|entry| entry.key_at)
            .unwrap_or_default()
    };
    let mut ordered: Vec<_> = rules
        .iter()
        .map(|(name, rule)| (key_at(report, name), *name, rule))
        .collect();
    ordered.sort_by_key(|(at, ..)| *at);
    for shadow in shadowed(ordered.iter().map(|(.., rule)| *rule)) {
        let (at, name, rule) = ordered[shadow.rule];
        let (first, other, _) = ordered[shadow.by];
        let what = match &rule.patterns[shadow.pattern] {
            Pattern::Exact(path) => format!("path `{path}`"),
            Pattern::Template(path) => format!("template `{path}`"),
            Pattern::Prefix(path) => format!("prefix `{path}/`"),
        };
        let loses = if shadow.whole {
            "can never win"
        } else {
            "loses some of its requests"
        };
        let message = format!(
            "route `{name}` {loses}: `{other}` (line {}) takes the same {what}",
            first.line
        );
        report.findings.add(code::SHADOWED, at, message);
    }
}
