//! Two routes that take the same request by equal patterns: the later in the file is told.

use super::Report;
use crate::{
    Config, Match,
    diagnose::{At, code},
};
use edge_policy::route::{Pattern, Rule};
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
    let mut routes: Vec<_> = config
        .routes
        .iter()
        .filter_map(|(name, route)| {
            let rule = route.matches.to_rule().ok()?;
            let at = places.get(name.as_str()).copied().unwrap_or_default();
            Some(Candidate {
                at,
                name,
                rule,
                matches: &route.matches,
            })
        })
        .collect();
    routes.sort_by_key(|route| route.at);
    // By what patterns have in common if they take the same paths.
    let mut known: HashMap<Pattern, Vec<usize>> = HashMap::new();
    for (index, route) in routes.iter().enumerate() {
        let clash = route.rule.patterns.iter().find_map(|pattern| {
            let others = known.get(&pattern.shape())?;
            let other = others.iter().find(|other| routes[**other].meets(route))?;
            Some((&routes[*other], pattern))
        });
        if let Some((first, pattern)) = clash {
            tell(route, first, pattern, report);
        }
        for pattern in &route.rule.patterns {
            known.entry(pattern.shape()).or_default().push(index);
        }
    }
}

struct Candidate<'a> {
    at: At,
    name: &'a str,
    rule: Rule,
    matches: &'a Match,
}

impl Candidate<'_> {
    /// Whether some request, of the same pattern, is for both.
    fn meets(&self, other: &Self) -> bool {
        let everywhere = |matches: &Match| matches.hosts().next().is_none();
        let same_host = match (everywhere(self.matches), everywhere(other.matches)) {
            (true, true) => true,
            // The one with a host is the more precise and goes first.
            (true, false) | (false, true) => false,
            (false, false) => self
                .matches
                .hosts()
                .any(|host| other.matches.hosts().any(|their| their == host)),
        };
        same_host && self.rule.meets(&other.rule)
    }
}

fn tell(route: &Candidate<'_>, first: &Candidate<'_>, pattern: &Pattern, report: &mut Report<'_>) {
    let what = match pattern {
        Pattern::Exact(path) => format!("path `{path}`"),
        Pattern::Template(path) => format!("template `{path}`"),
        Pattern::Prefix(path) => format!("prefix `{path}/`"),
    };
    let words = format!(
        "route `{}` can never win: `{}` (line {}) takes the same {what}; take one out, or part them by `methods`",
        route.name, first.name, first.at.line
    );
    report.add_at(code::SHADOWED, route.at, &["routes", route.name], words);
}
