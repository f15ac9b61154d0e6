//! Patterns of paths that some request can fit.

use super::{Report, paths};
use crate::diagnose::code;
use edge_policy::route::{INTERNAL, Pattern, PatternError};
use std::collections::HashSet;

/// The path at which the edge tells its own health, and routes nothing.
const HEALTH: &str = "/health";

/// A whole path, or a template, for requests with these methods.
pub(super) fn path(text: &str, methods: &[String], at: &[&str], report: &mut Report<'_>) {
    if !pattern(text, Pattern::path(text), at, report) {
        return;
    }
    let answered = |method: &String| matches!(method.as_str(), "GET" | "HEAD");
    if text == HEALTH && (methods.is_empty() || methods.iter().any(answered)) {
        let words = format!(
            "`{HEALTH}` is where the edge tells its own health: no GET of it is routed; take another path, \
             `/api/…/health`"
        );
        report.add(code::NEVER_ROUTED, at, words);
    }
    let mut seen = HashSet::new();
    let twice = text
        .split('/')
        .find(|segment| segment.starts_with('{') && !seen.insert(*segment));
    if let Some(parameter) = twice {
        let words = format!("`{parameter}` is twice in `{text}`; give each parameter a name of its own");
        report.bad_value(at, words);
    }
}

/// A path and all below it.
pub(super) fn prefix(text: &str, at: &[&str], report: &mut Report<'_>) {
    pattern(text, Pattern::prefix(text), at, report);
}

/// Tells what is wrong with a pattern; whether it can be matched.
fn pattern(text: &str, read: Result<Pattern, PatternError>, at: &[&str], report: &mut Report<'_>) -> bool {
    let words = match (paths::foreign(text), read) {
        (Err(words), _) if at.contains(&"paths") && words.contains("path_prefix: ") => {
            format!("{words} on a route of its own")
        }
        (Err(words), _) => words,
        (_, Err(PatternError::Path(_, error))) => {
            format!("`{text}` is not a path in normal form: {error}; {}", paths::cure(text))
        }
        (_, Err(PatternError::Internal(_))) => {
            let words = format!("`{INTERNAL}` is the services' own and is never routed; serve it under another path");
            report.add(code::NEVER_ROUTED, at, words);
            return false;
        }
        (_, Err(error)) if at.contains(&"path_prefix") => {
            format!("{error}, and a prefix has none; write `path`, or a prefix without `{{…}}`")
        }
        (_, Err(error)) => {
            format!("{error}; write letters, digits and `_` between braces, and nothing beside them")
        }
        (Ok(()), Ok(_)) => return true,
    };
    report.bad_value(at, words);
    false
}
