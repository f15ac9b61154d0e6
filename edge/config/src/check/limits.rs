//! Bounds that let nobody in.

use super::Report;
use crate::{Config, diagnose::code, units::ByteSize};

/// More a second would cut off clients that do nothing wrong.
const MOST_RATE: ByteSize = ByteSize(1 << 20);

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
    if !(1..=1000).contains(&limits.max_streams) {
        let words = format!(
            "`{}` streams serve {}; write a number from 1 to 1000, `100` is usual",
            limits.max_streams,
            if limits.max_streams == 0 {
                "nobody"
            } else {
                "one client and leave none for others"
            },
        );
        report.bad_value(&["limits", "max_streams"], words);
    }
    if limits.min_rate > MOST_RATE {
        let words = format!(
            "`{}` a second is more than many a client's line carries; write at most `{MOST_RATE}`",
            limits.min_rate
        );
        report.bad_value(&["limits", "min_rate"], words);
    }
    if limits.connections_per_ip > limits.connections && limits.connections > 0 {
        let words = format!(
            "one client may hold {}, which is more than all together, {}; the larger never acts: lower it",
            limits.connections_per_ip, limits.connections
        );
        report.add(code::NEVER_ACTS, &["limits", "connections_per_ip"], words);
    }
}
