//! Issuers whose tokens can be found and judged.

use super::{Report, paths};
use crate::{Config, Jwt};
use edge_policy::identity::TokenSource;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, jwt) in &config.jwt {
        issuer(name, jwt, report);
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
    }
    let path = ["jwt", name, "jwks", "path"];
    super::judge(report, &path, paths::plain(&jwt.jwks.path));
    for (claim, header) in &jwt.forward_claims {
        if !super::is_token(header) {
            let words = format!("`{header}` is not a header's name; write it like `X-User-Id`");
            report.bad_value(&["jwt", name, "forward_claims", claim], words);
        }
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
