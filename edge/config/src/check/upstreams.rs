//! Each upstream by itself.

use super::{Report, discovery, is_token, paths};
use crate::{
    Concurrency, Config, HealthCheck, LoadBalancing, Outlier, Records, Upstream, UpstreamTls, de::is_host,
    diagnose::code,
};
use std::{collections::HashMap, time::Duration};

/// A client that waits longer is better told to come again.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, upstream) in &config.upstreams {
        instances(name, upstream, report);
        let ring_key = ["upstreams", name, "ring_key"];
        if upstream.load_balancing != LoadBalancing::Ring && report.node(&ring_key).is_some() {
            let words = "goes with `load_balancing: ring` alone; write that, or take it out";
            report.add(code::CONTRADICTION, &ring_key, words);
        }
        if let Some(discovery) = &upstream.discovery {
            discovery::check(name, discovery, report);
        }
        if let Some(health) = &upstream.health_check {
            health_check(name, health, report);
        }
        if let Some(outlier) = &upstream.outlier {
            self::outlier(name, outlier, report);
        }
        if let Some(concurrency) = &upstream.concurrency {
            self::concurrency(name, concurrency, report);
        }
        if upstream.sticky.as_ref().is_some_and(|sticky| !is_token(&sticky.cookie)) {
            let path = ["upstreams", name, "sticky", "cookie"];
            report.bad_value(
                &path,
                "not a cookie's name (RFC 6265, a token); write letters, digits, `-` and `_`",
            );
        }
        if let Some(tls) = &upstream.tls {
            self::tls(name, upstream, tls, report);
        }
    }
}

fn tls(name: &str, upstream: &Upstream, tls: &UpstreamTls, report: &mut Report<'_>) {
    let path = ["upstreams", name, "tls", "server_name"];
    if let Some(server) = &tls.server_name {
        if !is_host(server) {
            let words = format!("`{server}` is not a host's name; write it like `posts.internal`");
            report.bad_value(&path, words);
        }
        return;
    }
    if upstream.records() == Records::Srv {
        // What the records lead to is told by whoever answers them, and may be anybody.
        let words = "missing, and the name of a service is no host's; write the one that the instances' certificates are made out to";
        report.add(code::CONTRADICTION, &path[..3], words);
    }
}

fn instances(name: &str, upstream: &Upstream, report: &mut Report<'_>) {
    let (path, targets) = (["upstreams", name], ["upstreams", name, "targets"]);
    match (report.node(&targets).is_some(), &upstream.discovery) {
        (true, Some(_)) => report.add(
            code::CONTRADICTION,
            &path,
            "has both `targets` and `discovery`; keep one",
        ),
        (false, None) if !report.lacks_key_of(&path) && !report.is_refused(&["upstreams", "targets"]) => {
            report.add(
                code::CONTRADICTION,
                &path,
                "has no instances; write `targets: [\"host:port\"]`, or `discovery`",
            );
        }
        (true, None) if upstream.targets.is_empty() && report.is_whole(&targets) => {
            report.bad_value(&targets, "none; name at least one `host:port`");
        }
        _ => {}
    }
    let mut seen = HashMap::new();
    for (index, target) in upstream.targets.iter().enumerate() {
        if seen.insert(target.address.to_ascii_lowercase(), index).is_some() {
            let words = format!("`{}` is here twice; use `weight` for a larger share", target.address);
            report.bad_value(&[&targets[..], &[&index.to_string()]].concat(), words);
        }
    }
}

fn outlier(name: &str, outlier: &Outlier, report: &mut Report<'_>) {
    let at = |key| ["upstreams", name, "outlier", key];
    if outlier.consecutive_failures == 0 {
        let words = "0; at least one failure is needed: write `1` or more";
        report.bad_value(&at("consecutive_failures"), words);
    }
    if outlier.min_requests == 0 {
        report.bad_value(
            &at("min_requests"),
            "0; at least one request is needed: write `1` or more",
        );
    }
    for (index, status) in outlier.statuses.iter().enumerate() {
        if !(500..600).contains(status) {
            let index = index.to_string();
            let path = ["upstreams", name, "outlier", "statuses", &index];
            report.bad_value(
                &path,
                format!("`{status}` is no failure of an instance; statuses are 500 to 599"),
            );
        }
    }
}

fn concurrency(name: &str, concurrency: &Concurrency, report: &mut Report<'_>) {
    let at = |key| ["upstreams", name, "concurrency", key];
    if concurrency.min == 0 {
        report.bad_value(&at("min"), "0; at least one request is needed: write `1` or more");
    }
    if concurrency.max < concurrency.min {
        let words = format!(
            "the limit would stay between {} and {}; make `max` at least `min`",
            concurrency.min, concurrency.max
        );
        let key = if report.node(&at("max")).is_some() {
            "max"
        } else {
            "min"
        };
        report.bad_value(&at(key), words);
    }
    if concurrency.queue > Concurrency::MOST_QUEUED {
        let words = format!("`{}` are too many to wait; write at most `1000`", concurrency.queue);
        report.bad_value(&at("queue"), words);
    }
    if *concurrency.wait > LONGEST_WAIT {
        let words = format!(
            "`{}` is too long to wait for room; write at most `1s`",
            concurrency.wait
        );
        report.bad_value(&at("wait"), words);
    }
}

fn health_check(name: &str, health: &HealthCheck, report: &mut Report<'_>) {
    let at = |key| ["upstreams", name, "health_check", key];
    super::judge(report, &at("path"), paths::plain(&health.path));
    if health.healthy == 0 {
        report.bad_value(&at("healthy"), "0; at least one success is needed: write `1` or more");
    }
    if health.unhealthy == 0 {
        report.bad_value(&at("unhealthy"), "0; at least one failure is needed: write `1` or more");
    }
    if health.timeout >= health.interval {
        let words = format!(
            "a probe may take {}, and the next begins after {}; make `timeout` shorter than `interval`",
            health.timeout, health.interval
        );
        let key = if report.node(&at("timeout")).is_some() {
            "timeout"
        } else {
            "interval"
        };
        report.add(code::NESTING, &at(key), words);
    }
}
