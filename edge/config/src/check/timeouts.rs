//! Times that fit into each other.

use super::Report;
use crate::{Route, diagnose::code, units::TimeSpan};

pub(super) fn check(name: &str, route: &Route, report: &mut Report<'_>) {
    let at = |key| ["routes", name, "timeouts", key];
    let connect = at("connect");
    let request = at("request");
    // Streams have no end to measure.
    if route.streaming.is_some() {
        return;
    }
    let (one, whole) = (route.timeouts.connect, route.timeouts.request);
    // Told where the route itself says something, else in the defaults that both stand in.
    let own = |path: &[&str]| report.node(path).is_some_and(|node| !node.inherited);
    let place = if own(&request) && !own(&connect) {
        request
    } else {
        connect
    };
    if route.timeouts.first_byte.is_some_and(|first_byte| first_byte >= whole) {
        let words = format!(
            "one try may take as long as the whole request ({whole}), which leaves no time for another; make `first_byte` \
             shorter than `request`"
        );
        report.add(code::NESTING, &at("first_byte"), words);
    }
    let attempts = route.retries.attempts;
    if one > whole {
        let words = format!(
            "to connect may take {one}, and the whole request only {whole}; make `connect` shorter than `request`"
        );
        report.add(code::NESTING, &place, words);
    } else if attempts > 1 && attempts <= 5 && one.0 * attempts > whole.0 {
        let all = TimeSpan(one.0 * attempts);
        let words = format!(
            "{attempts} tries to connect may take {all}, and the whole request only {whole}; the last is never made: \
             shorten `connect`, or allow fewer `attempts`"
        );
        report.add(code::NESTING, &place, words);
    }
}
