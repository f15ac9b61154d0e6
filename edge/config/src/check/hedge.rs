//! Hedging that can take place. What a route has from `defaults` is left out where it does not fit.

use super::Report;
use crate::{
    Config, Route, Target, Upstream,
    diagnose::code,
    units::{HedgeAfter, TimeSpan},
};

pub(super) fn check(name: &str, route: &Route, config: &Config, report: &mut Report<'_>) {
    let Some(hedge) = { &route.hedge }
        .as_ref()
        .filter(|hedge| hedge.after != HedgeAfter::Never)
    else {
        return;
    };
    let path = ["routes", name, "hedge"];
    if report.node(&path).is_none_or(|node| node.inherited) {
        return;
    }
    if route.streaming.is_some() {
        let words = "answers that stay open are not hedged; take `hedge` out, or `streaming`";
        report.add(code::CONTRADICTION, &path, words);
        return;
    }
    if route.graphql.is_none() && !reads(&route.matches.methods) {
        let words = "only GET and HEAD are asked twice, and the route takes neither; take `hedge` out";
        report.add(code::CONTRADICTION, &path, words);
        return;
    }
    if let HedgeAfter::Time(after) = hedge.after {
        time(name, route, after, report);
    }
    if let Some(why) = never(route, config, report) {
        report.add(code::NEVER_HEDGED, &path, why);
    }
}

fn reads(methods: &[String]) -> bool {
    methods.is_empty() || methods.iter().any(|method| method == "GET" || method == "HEAD")
}

/// Before that time is over the first try is.
fn time(name: &str, route: &Route, after: TimeSpan, report: &mut Report<'_>) {
    let (request, first_byte) = (route.timeouts.request, route.timeouts.first_byte);
    let one_try = first_byte.map_or(request, |first_byte| first_byte.min(request));
    if after >= one_try {
        let words =
            format!("one try may take {one_try}, so that no second instance is ever asked; write a shorter time");
        report.add(code::NESTING, &["routes", name, "hedge", "after"], words);
    }
}

/// Why no second instance is ever asked.
fn never(route: &Route, config: &Config, report: &Report<'_>) -> Option<String> {
    let asked: Vec<(&str, &Upstream)> = { route.upstreams() }
        .filter_map(|name| Some((name, config.upstreams.get(name)?)))
        .collect();
    if let Some((name, _)) = asked.iter().find(|(_, upstream)| upstream.sticky.is_some())
        && route.sticky
        && route.upstream.is_some()
    {
        return Some(format!(
            "clients stay with their instance of `{name}`, and no other is asked; write `sticky: false`, or take `hedge` out"
        ));
    }
    let is_alone = |(name, upstream): &(&str, &Upstream)| {
        report.is_whole(&["upstreams", *name, "targets"]) && has_one(upstream, route)
    };
    let (name, _) = asked.first().filter(|_| asked.iter().all(is_alone))?;
    Some(format!(
        "`{name}` has one instance, and there is no second to ask; add one to `targets`, or take `hedge` out"
    ))
}

/// Whether there is never more than one instance: names may stand for many.
fn has_one(upstream: &Upstream, route: &Route) -> bool {
    let is_meant = |target: &&Target| {
        let mut labels = route.subset.iter();
        labels.all(|(label, value)| target.labels.get(label) == Some(value))
    };
    let meant: Vec<&Target> = upstream.targets.iter().filter(is_meant).collect();
    let is_address = |target: &&&Target| target.address.parse::<std::net::SocketAddr>().is_ok();
    upstream.discovery.is_none() && meant.len() == 1 && meant.iter().all(|target| is_address(&target))
}
