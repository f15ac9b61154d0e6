//! Route: who takes it, and why.

use crate::{
    explain::{peek::Peek, report::StageName::Route as Stage},
    generation::{Generation, Route},
    phase::route::{asked, leads_inside},
    problem::ClientError,
};
use edge_policy::route::{Pattern, Verdict};
use pingora_http::RequestHeader;
use serde_json::json;

/// What a route may be matched by.
const MATCHERS: [&str; 3] = ["path", "paths", "path_prefix"];

/// The route that takes it.
pub(in crate::explain) fn found(peek: &mut Peek<'_>, route: &Route) {
    peek.route = format!("routes.{}", route.name);
    peek.is_public = route.gate.is_none();
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

/// The routes that take the path and do not get the request.
pub(in crate::explain) fn passed_over(peek: &mut Peek<'_>, generation: &Generation, head: &RequestHeader) {
    let (host, path, method) = asked(head);
    for candidate in generation.routes.explain(host, path, &method).candidates {
        let name = &candidate.route.name;
        let hosts = candidate.host.map(ToString::to_string);
        let (because, words) = match candidate.verdict {
            Verdict::Wins if leads_inside(candidate.route, path) => {
                ("rewrite", "would ask for what is the services' own".to_owned())
            }
            Verdict::Wins => continue,
            Verdict::Method => ("method", format!("does not take {method}")),
            Verdict::Outranked => ("outranked", "is less specific".to_owned()),
            Verdict::Host => ("host", format!("is for {}", hosts.as_deref().unwrap_or("any host"))),
        };
        let pattern = match candidate.pattern {
            Pattern::Exact(path) | Pattern::Template(path) => path.clone(),
            Pattern::Prefix(path) => format!("{path}/"),
        };
        let value = json!({ "route": &**name, "pattern": pattern, "host": hosts, "because": because });
        let key = format!("routes.{name}.match");
        let text = format!("{name} takes {pattern} too, but {words}");
        peek.book.because(&key, Stage, "passed_over", value, text);
    }
}
