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
        ("tunnels", limits.tunnels as usize),
        ("tunnels_per_user", limits.tunnels_per_user as usize),
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
    for (key, one, all) in [
        ("connections_per_ip", limits.connections_per_ip, limits.connections),
        (
            "tunnels_per_user",
            limits.tunnels_per_user as usize,
            limits.tunnels as usize,
        ),
    ] {
        // What is built in is nobody's mistake.
        if one > all && all > 0 && report.node(&["limits", key]).is_some() {
            let words = format!(
                "one client may hold {one}, which is more than all together, {all}; the larger never acts: lower it"
            );
            report.add(code::NEVER_ACTS, &["limits", key], words);
        }
    }
}
