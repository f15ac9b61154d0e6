//! Who may use a route, as far as its issuers are concerned.

use super::Report;
use crate::{Auth, Config, Jwt, Route, diagnose::code};
use edge_policy::identity::TokenSource;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, route) in &config.routes {
        let Auth::Jwt {
            names,
            optional,
            require,
        } = &route.auth
        else {
            continue;
        };
        let at = |key| ["routes", name.as_str(), "auth", key];
        if names.is_empty() && report.is_whole(&at("jwt")) {
            report.bad_value(
                &at("jwt"),
                "none: no token could pass; name an issuer, or write `auth: public`",
            );
        }
        for (number, name) in names.iter().enumerate() {
            if names[..number].contains(name) {
                report.bad_value(&at("jwt"), format!("`{name}` is here twice; keep one"));
            }
        }
        apart(name, names, config, report);
        if *optional && !require.is_empty() {
            let words =
                "callers without a token have nothing of what `require` wants; take `optional` out, or `require`";
            report.add(code::CONTRADICTION, &at("optional"), words);
        }
        for (claim, values) in require {
            let path = ["routes", name, "auth", "require", claim];
            if claim.split('.').any(str::is_empty) {
                let words =
                    format!("`{claim}` leads nowhere: a step between its dots is empty; write it like `realm.roles`");
                report.bad_key(&path, words);
            }
            if values.is_empty() && report.is_whole(&path) {
                report.bad_value(&path, "none: no token could pass; write `[admin]`");
            }
        }
    }
}

/// A token's issuer is told by its `iss` alone, and services tell users by what they are told of them.
fn apart(route: &str, names: &[String], config: &Config, report: &mut Report<'_>) {
    let issuers: Vec<(&String, &Jwt)> = names.iter().filter_map(|name| config.jwt.get_key_value(name)).collect();
    let path = ["routes", route, "auth", "jwt"];
    for (number, (name, jwt)) in issuers.iter().enumerate() {
        for (other, before) in issuers[..number].iter().filter(|(other, _)| other != name) {
            if before.issuer == jwt.issuer {
                let words =
                    format!("`{other}` and `{name}` have one `issuer`, so no token tells which is meant; keep one");
                report.add(code::CONTRADICTION, &path, words);
            }
            let told = before.forward_claims.get("sub").zip(jwt.forward_claims.get("sub"));
            if let Some((header, _)) = told.filter(|(one, other)| one.eq_ignore_ascii_case(other)) {
                let words = format!(
                    "services are told users of `{other}` and of `{name}` by the same `{header}`, and take one's 7 for the \
                     other's; give each a header of its own in `forward_claims`"
                );
                report.add(code::SAME_NAME, &path, words);
            }
        }
    }
}

/// Tokens in queries are looked at where clients can set no header.
pub(super) fn queries(config: &Config, report: &mut Report<'_>) {
    for (name, jwt) in &config.jwt {
        let takes = |route: &&Route| route.auth.issuers().contains(name);
        let mut routes = config.routes.values().filter(takes);
        // Without any route the issuer itself is told to be unused.
        if config.routes.values().any(|route| takes(&route)) && routes.all(|route| route.streaming.is_none()) {
            for (index, source) in jwt.token_from.iter().enumerate() {
                if let TokenSource::Query(_) = source {
                    let words = "is looked at on routes with `streaming` alone, and none of them takes this issuer's tokens; \
                                 take it out, or give such a route `streaming: sse` or `websocket`";
                    report.add(code::NO_STREAM, &["jwt", name, "token_from", &index.to_string()], words);
                }
            }
        }
    }
}
