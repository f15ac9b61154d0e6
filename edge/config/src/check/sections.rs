//! Each section but the routes, by itself.

use super::Report;
use crate::{Config, HealthCheck, RateLimit, Upstream, diagnose::code};
use edge_policy::{path::normalise, rate_limit::Algorithm};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    if config.version != 1 {
        report.bad_value(
            &["version"],
            format!("`{}` is not known; this edge reads version 1", config.version),
        );
    }
    if config.limits.connections == 0 {
        report.bad_value(&["limits", "connections"], "0 lets nobody in");
    }
    if config.limits.connections_per_ip == 0 {
        report.bad_value(&["limits", "connections_per_ip"], "0 lets nobody in");
    }
    if !["redis://", "rediss://", "unix://"]
        .iter()
        .any(|scheme| config.redis.url.starts_with(scheme))
    {
        // Without the value: it may hold a password.
        report.bad_value(&["redis", "url"], "not a Redis URL; write `redis://host:port/0`");
    }
    if config.admin.bind == config.listeners.http.bind {
        report.add(
            code::CONTRADICTION,
            &["admin", "bind"],
            "the same address as listeners.http",
        );
    }
    for (name, cors) in &config.cors {
        if let Err(error) = cors.to_policy() {
            report.bad_value(&["cors", name], error.to_string());
        }
    }
    for (name, jwt) in &config.jwt {
        if jwt.algorithms.is_empty() && report.is_whole(&["jwt", name, "algorithms"]) {
            report.bad_value(&["jwt", name, "algorithms"], "none: no token could pass");
        }
        if jwt.token_from.is_empty() {
            report.bad_value(&["jwt", name, "token_from"], "none: no token could be found");
        }
        if let Err(error) = normalise(&jwt.jwks.path) {
            report.bad_value(&["jwt", name, "jwks", "path"], error.to_string());
        }
    }
    for (name, limit) in &config.rate_limits {
        rate_limit(name, limit, report);
    }
    for (name, upstream) in &config.upstreams {
        self::upstream(name, upstream, report);
    }
}

fn rate_limit(name: &str, limit: &RateLimit, report: &mut Report<'_>) {
    let path = ["rate_limits", name, "burst"];
    match limit.burst {
        Some(0) => report.bad_value(&path, "0 lets nothing through"),
        Some(_) if limit.algorithm == Algorithm::Window => {
            report.add(code::CONTRADICTION, &path, "a window has no burst; its rate says all");
        }
        _ => {}
    }
}

fn upstream(name: &str, upstream: &Upstream, report: &mut Report<'_>) {
    let targets = ["upstreams", name, "targets"];
    if upstream.targets.is_empty() && report.is_whole(&targets) {
        report.bad_value(&targets, "none; name at least one `host:port`");
    }
    let addresses: Vec<&str> = upstream.targets.iter().map(|target| target.address.as_str()).collect();
    for (index, address) in addresses.iter().enumerate() {
        if addresses[..index].contains(address) {
            let index = index.to_string();
            report.bad_value(
                &["upstreams", name, "targets", &index],
                format!("`{address}` is here twice; use `weight` for a larger share"),
            );
        }
    }
    if let Some(health) = &upstream.health_check {
        health_check(name, health, report);
    }
    if let Some(sticky) = &upstream.sticky {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if sticky.cookie.is_empty() || !sticky.cookie.bytes().all(token) {
            report.bad_value(
                &["upstreams", name, "sticky", "cookie"],
                "not a cookie's name (RFC 6265, a token)",
            );
        }
    }
}

fn health_check(name: &str, health: &HealthCheck, report: &mut Report<'_>) {
    let at = |key| ["upstreams", name, "health_check", key];
    if let Err(error) = normalise(&health.path) {
        report.bad_value(&at("path"), error.to_string());
    }
    if health.healthy == 0 {
        report.bad_value(&at("healthy"), "0; at least one success is needed");
    }
    if health.unhealthy == 0 {
        report.bad_value(&at("unhealthy"), "0; at least one failure is needed");
    }
}
