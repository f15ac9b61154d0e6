//! Issuers whose tokens can be found and judged.

use super::{Report, forward_claims, jwks};
use crate::{Config, Jwt};
use edge_policy::identity::TokenSource;
use std::time::Duration;

/// A token counts this much longer than its issuer said.
const MOST_LEEWAY: Duration = Duration::from_secs(300);

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, jwt) in &config.jwt {
        issuer(name, jwt, report);
        jwks::check(name, jwt, report);
        forward_claims::check(name, jwt, report);
    }
}

fn issuer(name: &str, jwt: &Jwt, report: &mut Report<'_>) {
    let at = |key| ["jwt", name, key];
    if jwt.algorithms.is_empty() && report.is_whole(&at("algorithms")) {
        report.bad_value(&at("algorithms"), "none: no token could pass; write `[EdDSA]`");
    }
    if jwt.token_from.is_empty() && report.is_whole(&at("token_from")) {
        report.bad_value(
            &at("token_from"),
            "none: no token could be found; write `[{ bearer: true }]`",
        );
    }
    for (index, source) in jwt.token_from.iter().enumerate() {
        if let TokenSource::Query(parameter) = source
            && !parameter
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        {
            let path = ["jwt", name, "token_from", &index.to_string(), "query"];
            let words =
                format!("`{parameter}` would need escapes in a query; write letters, digits, `-`, `.`, `_` and `~`");
            report.bad_value(&path, words);
        }
        if let TokenSource::Cookie(cookie) = source
            && !super::is_token(cookie)
        {
            let path = ["jwt", name, "token_from", &index.to_string(), "cookie"];
            let words =
                format!("`{cookie}` is not a cookie's name (RFC 6265, a token); write letters, digits, `-` and `_`");
            report.bad_value(&path, words);
        }
    }
    for (key, value) in [("issuer", &jwt.issuer), ("audience", &jwt.audience)] {
        if value.is_empty() {
            report.bad_value(&at(key), "empty; write what the tokens say");
        }
    }
    if jwt.leeway.subsec_nanos() != 0 {
        report.bad_value(&at("leeway"), "tokens tell time in seconds; write whole ones, `5s`");
    } else if *jwt.leeway > MOST_LEEWAY {
        report.bad_value(
            &at("leeway"),
            "clocks that differ this much must be set right; write at most `5m`",
        );
    }
    if jwt.types.is_empty() && report.is_whole(&at("types")) {
        report.bad_value(&at("types"), "none: no token could pass; write `[none, JWT, at+jwt]`");
    }
    if jwt
        .revocation
        .as_ref()
        .is_some_and(|revocation| revocation.redis_channel.is_empty())
    {
        let path = ["jwt", name, "revocation", "redis_channel"];
        report.bad_value(&path, "empty; name the channel that the issuer tells ended sessions on");
    }
}
