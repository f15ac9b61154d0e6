//! What answers in an upstream's place.

use super::Report;
use crate::{Fallback, Route, diagnose::code};
use http::HeaderValue;

pub(super) fn check(name: &str, route: &Route, report: &mut Report<'_>) {
    let Some(fallback) = &route.fallback else { return };
    let path = ["routes", name, "fallback"];
    let at = |key| ["routes", name, "fallback", key];
    if route.graphql.is_some() {
        let words = "`fallback` is for `upstream`; what a subgraph owes is told in `errors`: take it out";
        report.add(code::CONTRADICTION, &path, words);
        return;
    }
    match fallback {
        Fallback {
            upstream: None,
            status: None,
            ..
        } if !report.lacks_key_of(&path) => {
            let words = "answers nothing; write `upstream: <name>`, or `status: 200` with a `body`";
            report.add(code::CONTRADICTION, &path, words);
        }
        Fallback {
            upstream: Some(_),
            status: None,
            content_type: None,
            body: None,
            body_file: None,
        } => {}
        Fallback { upstream: Some(_), .. } => {
            let words = "has both `upstream` and an answer of its own; keep one";
            report.add(code::CONTRADICTION, &path, words);
        }
        _ => {}
    }
    if fallback.body.is_some() && fallback.body_file.is_some() {
        report.add(code::CONTRADICTION, &path, "has both `body` and `body_file`; keep one");
    }
    if fallback.upstream.is_some() && fallback.upstream == route.upstream {
        let words = "is the route's own upstream, which is away then; name another one";
        report.add(code::CONTRADICTION, &at("upstream"), words);
    }
    if let Some(status) = fallback.status.filter(|status| !(200..600).contains(status)) {
        let words = format!("`{status}` is no status of an answer; statuses are 200 to 599");
        report.bad_value(&at("status"), words);
    }
    if HeaderValue::from_str(fallback.content_type()).is_err() {
        let words = "cannot stand in a header field; write it like `application/json`";
        report.bad_value(&at("content_type"), words);
    }
}
