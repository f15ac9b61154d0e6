//! `discovery` of an upstream.

use super::Report;
use crate::{Discovery, Records, de::is_host, diagnose::code};
use std::time::Duration;

/// Name servers are not asked more often.
const LEAST_REFRESH: Duration = Duration::from_secs(1);

pub(super) fn check(name: &str, discovery: &Discovery, report: &mut Report<'_>) {
    let whole = ["upstreams", name, "discovery"];
    let at = |key| ["upstreams", name, "discovery", key];
    if !is_host(&discovery.dns) {
        let words = format!(
            "`{}` is not a host's name; write it without scheme and port",
            discovery.dns
        );
        report.bad_value(&at("dns"), words);
    }
    match (discovery.records, discovery.port) {
        (Records::Srv, Some(_)) => report.add(
            code::CONTRADICTION,
            &at("port"),
            "with `type: srv` each record has a port of its own; take `port` out",
        ),
        (Records::Srv, None) => {}
        (_, Some(0)) => report.bad_value(&at("port"), "port 0 does not exist; ports are 1 to 65535"),
        (_, None) if report.is_whole(&whole) => report.add(
            code::CONTRADICTION,
            &whole,
            "has no `port`, and addresses have none; add the instances' port, or ask for records that have: `type: srv`",
        ),
        _ => {}
    }
    if *discovery.refresh < LEAST_REFRESH {
        report.bad_value(
            &at("refresh"),
            format!(
                "`{}` is too often for name servers; write `1s` or more",
                discovery.refresh
            ),
        );
    }
}
