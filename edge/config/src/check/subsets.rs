//! A route's `subset` of its upstream's instances.

use super::Report;
use crate::{Config, Route, Target, diagnose::code};

pub(super) fn check(name: &str, route: &Route, config: &Config, report: &mut Report<'_>) {
    let path = ["routes", name, "subset"];
    if route.subset.is_empty() {
        return;
    }
    let Some(upstream) = &route.upstream else {
        if route.graphql.is_some() {
            let words = "`subset` is for `upstream`, not for `graphql`; take it out";
            report.add(code::CONTRADICTION, &path, words);
        }
        return;
    };
    let Some(found) = config.upstreams.get(upstream) else {
        return;
    };
    if found.discovery.is_some() {
        let words = format!("the instances of `{upstream}` are discovered and have no labels; name them in `targets`");
        report.add(code::CONTRADICTION, &path, words);
        return;
    }
    let is_meant = |target: &Target| {
        let mut labels = route.subset.iter();
        labels.all(|(label, value)| target.labels.get(label) == Some(value))
    };
    let targets = ["upstreams", upstream, "targets"];
    if report.is_whole(&targets) && !found.targets.iter().any(is_meant) {
        let wanted: Vec<String> = { &route.subset }
            .iter()
            .map(|(label, value)| format!("{label}: {value}"))
            .collect();
        let wanted = wanted.join(", ");
        let words =
            format!("no target of `{upstream}` has `{wanted}`; write `labels: {{ {wanted} }}` on those that are meant");
        report.add(code::DANGLING, &path, words);
    }
}
