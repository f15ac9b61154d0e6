//! Where the store is, and that no password stands in the file.

use super::Report;
use crate::{
    Config,
    diagnose::code,
    secret::{has_password, is_secret_field},
    tree::Node,
};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let redis = &config.redis;
    let url = ["redis", "url"];
    match (report.node(&url).is_some(), &redis.url_file) {
        (true, Some(_)) => {
            report.add(
                code::CONTRADICTION,
                &["redis"],
                "has both `url` and `url_file`; keep one",
            );
        }
        (false, None) if report.node(&["redis"]).is_some() && report.is_whole(&["redis"]) => {
            report.add(
                code::MISSING_KEY,
                &["redis"],
                "key `url` is missing; write it, or `url_file`",
            );
        }
        _ => {}
    }
    if redis.url_file.is_none() && report.node(&url).is_some() {
        if let Err(words) = is_redis(&redis.url) {
            report.bad_value(&url, words);
        } else if has_password(&redis.url) {
            inline(&url, "a password", report);
        }
    }
    for (name, route) in &config.routes {
        for (side, changes) in [
            ("request", &route.headers.request),
            ("response", &route.headers.response),
        ] {
            for field in changes.set.keys().filter(|field| is_secret_field(field)) {
                inline(&["routes", name, "headers", side, "set", field], "a secret", report);
            }
        }
    }
}

/// The words do not repeat the value: it may hold a password.
pub(super) fn is_redis(url: &str) -> Result<(), &'static str> {
    let schemes = ["redis://", "rediss://", "unix://"];
    let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => Ok(()),
        _ => Err("not a Redis URL; write `redis://host:port/0`"),
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
