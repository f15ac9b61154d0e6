//! What types cannot say: that names are defined, that keys agree, that every route can win, that files are there.

mod admin;
mod auth;
mod breakers;
mod cache;
mod certificates;
mod compression;
mod cors;
mod csrf;
mod discovery;
mod fallback;
mod files;
mod forward_claims;
mod graphql;
mod headers;
mod hedge;
mod jwks;
mod jwt;
mod limits;
mod matching;
mod names;
mod not_yet;
mod paths;
mod patterns;
mod proxies;
mod quotas;
mod rate_limits;
mod redis;
mod report;
mod retries;
mod routes;
mod secrets;
mod serves;
mod shadows;
mod sticky;
mod subsets;
mod timeouts;
mod unused;
mod upstreams;

pub(crate) use files::Files;
pub(crate) use not_yet::NOT_YET;
pub use report::Report;

use crate::{Config, diagnose::Words};

/// Checks a configuration: `config` lacks the parts already refused. Without `files` nothing but the text is looked at.
pub(crate) fn check(config: &Config, files: Option<&Files<'_>>, report: &mut Report<'_>) {
    if config.version != 1 {
        let words = format!("`{}` is not known; this edge reads version `1`", config.version);
        report.bad_value(&["version"], words);
    }
    admin::check(config, report);
    proxies::check(config, report);
    limits::check(config, report);
    cache::check(config, report);
    redis::check(config, report);
    secrets::check(config, report);
    cors::check(config, report);
    csrf::check(config, report);
    jwt::check(config, report);
    auth::check(config, report);
    rate_limits::check(config, report);
    upstreams::check(config, report);
    breakers::check(config, report);
    routes::check(config, report);
    names::check(config, report);
    shadows::check(config, report);
    if let Some(files) = files {
        files::check(config, files, report);
    }
    sticky::check(config, report);
    not_yet::check(report);
    if !report.has_errors() {
        // What a mistake meant to use would look unused.
        quotas::check(config, report);
        unused::check(config, report);
        auth::queries(config, report);
    }
}

/// The first words that a check has against a value, told at its path.
fn judge(report: &mut Report<'_>, path: &[&str], verdict: Result<(), impl Into<Words>>) {
    if let Err(words) = verdict {
        report.bad_value(path, words);
    }
}

/// A token of RFC 9110: what names of methods, header fields and cookies are made of.
fn is_token(text: &str) -> bool {
    let mark = |b: u8| b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || mark(b))
}
