//! What answers a route, and what goes with it.

use super::{Report, paths};
use crate::{Config, Route, Streaming, diagnose::code};
use edge_policy::{
    path::is_under,
    rewrite::Rewrite,
    route::{INTERNAL, parameter},
};

pub(super) fn check(name: &str, route: &Route, report: &mut Report<'_>) {
    let path = ["routes", name];
    match (&route.upstream, &route.graphql) {
        (None, None) if report.lacks_key_of(&path) || report.refused(&path, "upstream") => {}
        // It stands in the file, and not far enough to the right.
        (None, None) if report.is_refused(&["routes", "upstream"]) || report.is_refused(&["upstream"]) => {}
        (None, None) => report.add(
            code::CONTRADICTION,
            &path,
            "needs `upstream` or `graphql`; name what answers",
        ),
        (Some(_), Some(_)) => report.add(
            code::CONTRADICTION,
            &path,
            "has both `upstream` and `graphql`; keep one",
        ),
        (None, Some(_)) => {
            if route.streaming.is_some() {
                let path = ["routes", name, "streaming"];
                let words = "`streaming` is for `upstream`, not for `graphql`; take it out";
                report.add(code::CONTRADICTION, &path, words);
            }
        }
        (Some(_), None) => {
            let get = route.matches.methods.is_empty() || route.matches.methods.iter().any(|method| method == "GET");
            if route.streaming == Some(Streaming::Websocket) && !get {
                let path = ["routes", name, "streaming"];
                report.add(code::CONTRADICTION, &path, "an upgrade is a GET; allow that method");
            }
        }
    }
    rewrite_prefix(name, route, report);
    rewrite(name, route, report);
}

/// A body that passes the route and is then refused for its upstream.
pub(super) fn bodies(name: &str, route: &Route, config: &Config, report: &mut Report<'_>) {
    for upstream in route.upstreams() {
        let most = config.upstreams.get(upstream).and_then(|upstream| upstream.max_body);
        if let Some(most) = most.filter(|most| *most < route.max_body) {
            let words = format!(
                "{} is more than `{upstream}` takes, {most}; lower it, or raise upstreams.{upstream}.max_body",
                route.max_body
            );
            report.add(code::BODY, &["routes", name, "max_body"], words);
        }
    }
}

fn rewrite_prefix(name: &str, route: &Route, report: &mut Report<'_>) {
    let Some(with) = &route.rewrite_prefix else { return };
    let path = ["routes", name, "rewrite_prefix"];
    if route.matches.path_prefix.is_none() || route.upstream.is_none() {
        report.add(
            code::CONTRADICTION,
            &path,
            "`rewrite_prefix` needs `match.path_prefix` and `upstream`; write those, or take it out",
        );
    } else {
        destination(with, &path, report);
    }
}

fn rewrite(name: &str, route: &Route, report: &mut Report<'_>) {
    let Some(with) = &route.rewrite else { return };
    let path = ["routes", name, "rewrite"];
    let Some(template) = route.matches.path.as_ref().filter(|_| route.upstream.is_some()) else {
        let words = "`rewrite` needs `match.path` and `upstream`; for a prefix there is `rewrite_prefix`";
        report.add(code::CONTRADICTION, &path, words);
        return;
    };
    if let Some((wrong, name)) = with.split('/').find_map(|segment| placeholder(segment, template)) {
        report.bad_value(&path, format!("`{wrong}` is no parameter here; write `{{{name}}}`"));
        return;
    }
    if let Err(parameter) = Rewrite::template(template, with) {
        let words = format!("`{{{parameter}}}` is no parameter of `{template}`; use one that it has");
        report.bad_value(&path, words);
    }
    let filled: Vec<&str> = with
        .split('/')
        .map(|segment| parameter(segment).map_or(segment, |_| "x"))
        .collect();
    destination(&filled.join("/"), &path, report);
}

/// A parameter of `template` as others write it: `:id`, `$id`, or `$1` for the first.
fn placeholder<'a>(segment: &'a str, template: &'a str) -> Option<(&'a str, &'a str)> {
    let mut names = template.split('/').filter_map(parameter);
    match (segment.strip_prefix('$'), paths::parameter(segment)) {
        (Some(name), _) => {
            let number = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let meant = match number {
                Some(index) => names.nth(index),
                None => names.find(|known| *known == name),
            };
            Some((segment, meant?))
        }
        (None, other) => other.filter(|(_, name)| names.any(|known| known == *name)),
    }
}

/// A path that the edge may ask a service for.
fn destination(with: &str, path: &[&str], report: &mut Report<'_>) {
    if with.contains(['{', '}']) {
        let words = match path.contains(&"rewrite_prefix") {
            true => "has no parameters; write a plain path, or `rewrite` for a `match.path`",
            false => "a parameter is a whole segment; write `{name}` with nothing beside it",
        };
        report.bad_value(path, format!("`{with}`: {words}"));
    } else if let Err(words) = paths::plain(with) {
        report.bad_value(path, words);
    } else if is_under(with, INTERNAL) {
        let words =
            format!("`{INTERNAL}` is the services' own and is never reached through the edge; ask for another path");
        report.bad_value(path, words);
    }
}
