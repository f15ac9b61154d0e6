//! Secrets come from variables and files; what stands in the configuration is read by everyone.

use super::{Report, redis::is_redis};
use crate::{
    Config,
    diagnose::code,
    secret::{has_password, is_secret_field},
    tree::Node,
};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let url = &config.redis.url;
    if is_redis(url).is_ok() && has_password(url) {
        inline(&["redis", "url"], "a password", report);
    }
    for (name, route) in &config.routes {
        let sides = [
            ("request", &route.headers.request),
            ("response", &route.headers.response),
        ];
        for (side, changes) in sides {
            for field in changes.set.keys().filter(|field| is_secret_field(field)) {
                inline(&["routes", name, "headers", side, "set", field], "a secret", report);
            }
        }
    }
}

/// A secret that came from no variable was written down.
fn inline(path: &[&str], what: &str, report: &mut Report<'_>) {
    let from_variable = |node: &Node| node.variables.iter().any(|variable| variable.set);
    if report.node(path).is_some_and(|node| !from_variable(node)) {
        let words = format!("{what} stands in the file, for whoever reads it; take it from a variable: `${{NAME}}`");
        report.add(code::INLINE_SECRET, path, words);
    }
}
