//! What types cannot say: that names are defined, that keys agree, that nothing is asked for which can never be.

mod names;
mod steps;

use super::{Deed, Protocol, Scenario, System};
use edge_config::{Report, diagnose::code};
use std::time::Duration;

/// Checks a scenario.
pub(super) fn check(scenario: &Scenario, report: &mut Report<'_>) {
    if scenario.version != 1 {
        let message = format!("`{}` is not known; this generator reads version 1", scenario.version);
        report.bad_value(&["version"], message);
    }
    if scenario.description.trim().is_empty() {
        report.bad_value(&["description"], "empty; say in one sentence what is measured");
    }
    if report.is_whole(&["load"]) {
        for (key, message) in scenario.load.contradictions() {
            let path: Vec<_> = std::iter::once("load")
                .chain(key.split('.').filter(|key| !key.is_empty()))
                .collect();
            report.add(code::CONTRADICTION, &path, message);
        }
    }
    tls(scenario, report);
    journeys(scenario, report);
    actions(scenario, report);
    steps::check(scenario, report);
    names::check(scenario, report);
}

fn tls(scenario: &Scenario, report: &mut Report<'_>) {
    let tls = &scenario.tls;
    if tls.insecure && tls.ca.is_some() {
        report.add(
            code::CONTRADICTION,
            &["tls"],
            "`insecure` believes everybody; take `ca` out, or `insecure`",
        );
    }
    if scenario.protocol == Protocol::H2c && (tls.insecure || tls.ca.is_some()) {
        report.add(
            code::CONTRADICTION,
            &["tls"],
            "h2c is HTTP/2 without TLS; write `protocol: h2`",
        );
    }
}

fn journeys(scenario: &Scenario, report: &mut Report<'_>) {
    if scenario.journeys.is_empty() && report.is_whole(&["journeys"]) {
        report.bad_value(&["journeys"], "none; name at least one");
    }
    for (name, journey) in scenario.journeys.iter() {
        if journey.weight == 0 {
            report.bad_value(
                &["journeys", name, "weight"],
                "0 is never chosen; leave the journey out",
            );
        }
        if !is_word(name) {
            report.bad_value(&["journeys", name], "a journey's name has letters, digits, `-` and `_`");
        }
        let path = ["journeys", name, "steps"];
        if !report.is_whole(&path) {
            continue;
        }
        let count = journey.measured().count();
        if count == 0 {
            report.bad_value(&path, "none that asks for anything; give at least one, like `- get: /`");
        }
        let mut known = Vec::new();
        for (index, step) in journey.steps.iter().enumerate().filter(|(_, step)| step.is_measured()) {
            let index = index.to_string();
            let path = ["journeys", name, "steps", &index];
            match &step.name {
                None if count > 1 => report.add(
                    code::MISSING_KEY,
                    &path,
                    "key `name` is missing; a journey of several steps names each",
                ),
                Some(own) if !is_word(own) => {
                    report.bad_value(&path, format!("name: `{own}`; a name has letters, digits, `-` and `_`"));
                }
                Some(own) if known.contains(&own) => report.bad_value(&path, format!("name: `{own}` is here twice")),
                own => known.extend(own),
            }
        }
        if journey.steps.iter().filter(|step| step.publishes.is_some()).count() > 1 {
            report.add(
                code::CONTRADICTION,
                &path,
                "more than one step publishes; an iteration has one nonce, so split the journey",
            );
        }
    }
}

/// What may stand in a step's name, and in a metric's.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn actions(scenario: &Scenario, report: &mut Report<'_>) {
    if !report.is_whole(&["actions"]) || !report.is_whole(&["load"]) {
        return;
    }
    let lasts = scenario.plan(&super::Overrides::default()).pace.duration();
    for (index, action) in scenario.actions.iter().enumerate() {
        let index = index.to_string();
        let path = ["actions", index.as_str()];
        if action.at >= lasts && lasts > Duration::ZERO {
            report.bad_value(&path, format!("at: the run is over after {lasts:?}"));
        }
        let target = action.does.target();
        match (&scenario.system, target) {
            (_, None) => {}
            (System::External, Some(_)) => {
                report.add(
                    code::CONTRADICTION,
                    &path,
                    "an external system's programs are not known; only `run` is possible",
                );
            }
            (System::Origin(origin), Some(target)) => {
                let origins = (1..=origin.instances).map(|number| format!("origin-{number}"));
                let known: Vec<_> = origins.chain(["edge".to_owned()]).collect();
                if !known.iter().any(|name| name == target) {
                    let message = format!("`{target}` is none of {}", known.join(", "));
                    report.add(code::DANGLING, &path, message);
                }
            }
            (System::Platform(_), Some(_)) => {}
        }
        if let Deed::Delay { target, .. } = &action.does
            && !target.starts_with("origin-")
        {
            report.bad_value(
                &path,
                format!("delay: only origins can be late, not `{target}`; use `stop` and `resume`"),
            );
        }
    }
}
