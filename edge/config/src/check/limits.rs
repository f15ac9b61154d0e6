//! Bounds that let nobody in.

use super::Report;
use crate::{Config, diagnose::code};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let limits = &config.limits;
    for (key, value) in [
        ("connections", limits.connections),
        ("connections_per_ip", limits.connections_per_ip),
        ("requests_per_second_per_ip", limits.requests_per_second_per_ip as usize),
    ] {
        if value == 0 {
            report.bad_value(&["limits", key], "0 lets nobody in; write at least `1`");
        }
    }
    if limits.connections_per_ip > limits.connections && limits.connections > 0 {
        let words = format!(
            "one client may hold {}, which is more than all together, {}; the larger never acts: lower it",
            limits.connections_per_ip, limits.connections
        );
        report.add(code::NEVER_ACTS, &["limits", "connections_per_ip"], words);
    }
}
