//! Where the store is.

use super::Report;
use crate::{Config, diagnose::code};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let redis = &config.redis;
    let url = ["redis", "url"];
    match (report.node(&url).is_some(), &redis.url_file) {
        (true, Some(_)) => {
            report.add(
                code::CONTRADICTION,
                &["redis"],
                "has both `url` and `url_file`; keep one",
            );
        }
        (false, None) if report.node(&["redis"]).is_some() && report.is_whole(&["redis"]) => {
            report.add(
                code::MISSING_KEY,
                &["redis"],
                "key `url` is missing; write it, or `url_file`",
            );
        }
        _ => {}
    }
    if redis.url_file.is_none() && report.node(&url).is_some() {
        super::judge(report, &url, is_redis(&redis.url));
    }
}

/// The words do not repeat the value: it may hold a password.
pub(super) fn is_redis(url: &str) -> Result<(), &'static str> {
    let schemes = ["redis://", "rediss://", "unix://"];
    let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => Ok(()),
        _ => Err("not a Redis URL; write `redis://host:port/0`"),
    }
}
