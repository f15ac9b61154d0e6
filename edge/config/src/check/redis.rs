//! Where the store is.

use super::Report;
use crate::{Config, de::is_host, diagnose::code};

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
    if redis.url_file.is_none() && report.node(&url).is_some() && report.is_whole(&url) {
        super::judge(report, &url, is_redis(&redis.url));
    }
}

/// The words do not repeat the value: it may hold a password.
pub(super) fn is_redis(url: &str) -> Result<(), &'static str> {
    const WRONG: &str = "not a Redis URL; write `redis://host:port/0`";
    if url.contains(char::is_whitespace) {
        return Err(WRONG);
    }
    if let Some(socket) = url.strip_prefix("unix://") {
        return if socket.is_empty() { Err(WRONG) } else { Ok(()) };
    }
    let rest = ["redis://", "rediss://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .ok_or(WRONG)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if path.contains('@') {
        return Err("a password with `/`, `?` or `#` in it; write `%2F`, `%3F` or `%23` for those");
    }
    let server = authority.rsplit('@').next().unwrap_or_default();
    if server.contains(',') {
        return Err("a Redis URL with several servers; name one");
    }
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (server, "6379"),
    };
    if !is_host(host) || !port.bytes().all(|b| b.is_ascii_digit()) {
        return Err(WRONG);
    }
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err("a Redis URL whose port does not exist; ports are 1 to 65535");
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let database = path.strip_prefix('/').unwrap_or_default();
    if database.is_empty() || database.parse::<i64>().is_ok_and(|number| number >= 0) {
        Ok(())
    } else {
        Err("a Redis URL whose database is no number; write it like `redis://host:port/0`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_one_server_and_a_database() {
        for good in [
            "redis://h",
            "redis://h:6379",
            "rediss://u:p@h:6379/3?protocol=resp3",
            "redis://[::1]:6379/",
            "redis://[::1]",
            "redis://:p@ss@10.0.0.1:1",
            "unix:///run/redis.sock",
        ] {
            assert_eq!(is_redis(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "h:6379",
            "http://h:6379",
            "redis://",
            "redis://h:99999",
            "redis://h:0",
            "redis://h:x",
            "redis://h/abc",
            "redis://a:1,redis://b:1",
            "redis://:a/b@h:1",
            "redis://::1:6379",
            "redis://h :1",
            "unix://",
        ] {
            assert!(is_redis(bad).is_err(), "{bad}");
        }
    }
}
