//! Route: who takes it, and why.

use crate::{
    explain::{peek::Peek, report::StageName::Route as Stage},
    generation::Route,
    problem::ClientError,
};
use serde_json::json;

/// What a route may be matched by.
const MATCHERS: [&str; 3] = ["path", "paths", "path_prefix"];

/// The route that takes it.
pub(in crate::explain) fn found(peek: &mut Peek<'_>, route: &Route) {
    peek.route = format!("routes.{}", route.name);
    peek.is_public = route.issuer.is_none();
    let key = format!("{}.match", peek.route);
    let matcher = MATCHERS.iter().find_map(|matcher| {
        let pattern = peek.book.shown(&format!("{key}.{matcher}"));
        (!pattern.is_empty()).then(|| format!("{matcher} {pattern}"))
    });
    let methods = peek.book.shown(&format!("{key}.methods"));
    let mut text = format!("{} takes {}", route.name, matcher.unwrap_or_default());
    if !methods.is_empty() {
        text.push_str(&format!(" for {methods}"));
    }
    peek.book.because(&key, Stage, "route", &*route.name, text);
}

/// No route takes it.
pub(in crate::explain) fn none(peek: &mut Peek<'_>, error: &ClientError) {
    let text = match &error.allow {
        Some(allow) => format!("none: the path takes {allow}"),
        None => "none takes this path".to_owned(),
    };
    peek.book.note(Stage, "route", json!(null), text);
}
