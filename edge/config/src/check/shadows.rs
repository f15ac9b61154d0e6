//! Routes that lose requests to others by nothing but their place in the file: the later is told.

use super::Report;
use crate::{
    Config,
    diagnose::{At, code},
};
use edge_policy::route::{Pattern, Rule, shadowed};
use std::collections::HashMap;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let places: HashMap<&str, At> = report
        .tree()
        .entry("routes")
        .map(|routes| routes.node.entries())
        .unwrap_or_default()
        .iter()
        .map(|entry| (entry.key.as_str(), entry.key_at))
        .collect();
    let mut routes: Vec<(At, &str, Rule)> = config
        .routes
        .iter()
        .filter_map(|(name, route)| {
            let at = places.get(name.as_str()).copied().unwrap_or_default();
            Some((at, name.as_str(), route.matches.to_rule().ok()?))
        })
        .collect();
    routes.sort_by_key(|(at, ..)| *at);
    for shadow in shadowed(routes.iter().map(|(.., rule)| rule)) {
        let (at, name, rule) = &routes[shadow.rule];
        let (first, other, _) = &routes[shadow.by];
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
        let words = format!(
            "route `{name}` {loses}: `{other}` (line {}) takes the same {what}; take one out, or part them by `methods` or `host`",
            first.line
        );
        report.add_at(code::SHADOWED, *at, &["routes", name], words);
    }
}
