//! Every name that is used is defined.

use super::Report;
use crate::{
    Auth, Config,
    diagnose::{code, nearest},
};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, jwt) in &config.jwt {
        refer(
            report,
            "upstreams",
            &jwt.jwks.upstream,
            &["jwt", name, "jwks", "upstream"],
        );
    }
    for (name, route) in &config.routes {
        let path = ["routes", name.as_str()];
        if let Auth::Jwt { name: issuer, .. } = &route.auth {
            refer(report, "jwt", issuer, &[&path[..], &["auth", "jwt"]].concat());
        }
        for (index, limit) in route.rate_limits.iter().enumerate() {
            refer(
                report,
                "rate_limits",
                limit,
                &[&path[..], &["rate_limits", &index.to_string()]].concat(),
            );
        }
        if let Some(cors) = &route.cors {
            refer(report, "cors", cors, &[&path[..], &["cors"]].concat());
        }
        if let Some(upstream) = &route.upstream {
            refer(report, "upstreams", upstream, &[&path[..], &["upstream"]].concat());
        }
        for (subgraph, part) in route.graphql.iter().flat_map(|graphql| &graphql.subgraphs) {
            let path = [&path[..], &["graphql", "subgraphs", subgraph, "upstream"]].concat();
            refer(report, "upstreams", &part.upstream, &path);
        }
    }
}

/// Looks a name up in the file itself: a definition that was refused for a mistake of its own is still a definition.
fn refer(report: &mut Report<'_>, section: &str, name: &str, path: &[&str]) {
    let defined = report
        .tree
        .entry(section)
        .map(|entry| entry.node.entries())
        .unwrap_or_default();
    if defined.iter().any(|entry| entry.key == name) {
        return;
    }
    let near = nearest(name, defined.iter().map(|entry| entry.key.as_str()));
    let line = |near: &str| {
        defined
            .iter()
            .find(|entry| entry.key == near)
            .map_or(0, |entry| entry.key_at.line)
    };
    let hint = near
        .map(|near| format!("; did you mean `{near}` (line {})?", line(near)))
        .unwrap_or_default();
    report.add(
        code::DANGLING,
        path,
        format!("`{name}` is not defined in {section}{hint}"),
    );
}
