//! A route's `subset` of its upstream's instances.

use super::Report;
use crate::{Config, Route, diagnose::code};

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
    let has_all = |labels: &std::collections::BTreeMap<String, String>| {
        { &route.subset }
            .iter()
            .all(|(label, value)| labels.get(label) == Some(value))
    };
    let targets = ["upstreams", upstream, "targets"];
    if report.is_whole(&targets) && !found.targets.iter().any(|target| has_all(&target.labels)) {
        let wanted: Vec<String> = { &route.subset }
            .iter()
            .map(|(label, value)| format!("{label}: {value}"))
            .collect();
        let words = format!(
            "no target of `{upstream}` has `{}`; write `labels: {{ {} }}` on those that are meant",
            wanted.join(", "),
            wanted.join(", ")
        );
        report.add(code::DANGLING, &path, words);
    }
}
