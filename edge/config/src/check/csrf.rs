//! Whose pages may act: origins that browsers send, and nothing said in vain.

use super::{Report, cors};
use crate::{Config, Route, diagnose::code};
use edge_policy::{csrf::Mode, identity::TokenSource};

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, route) in &config.routes {
        let at = |key: &'static str| ["routes", name.as_str(), "csrf", key];
        for (index, origin) in route.csrf.trusted_origins.iter().enumerate() {
            let index = index.to_string();
            let path = ["routes", name, "csrf", "trusted_origins", &index];
            if let Some(words) = cors::not_an_origin(origin) {
                report.bad_value(&path, words);
            }
        }
        if let Some(key) = said_in_vain(route) {
            let words = "nothing is judged here (`csrf.mode: off`), so that it changes nothing; take it out, or write `mode: enforce`";
            report.add(code::CONTRADICTION, &at(key), words);
        }
        if route.csrf.mode == Mode::Off && reads_cookies(config, route) {
            let words = "every page in the world may act here with its visitors' cookies; write `mode: enforce` and name those that may in \
                         `trusted_origins`, or read no token from a cookie";
            report.add(code::OPEN_TO_FORGERY, &at("mode"), words);
        }
    }
}

fn said_in_vain(route: &Route) -> Option<&'static str> {
    let csrf = &route.csrf;
    if csrf.mode != Mode::Off {
        return None;
    }
    if !csrf.trusted_origins.is_empty() {
        return Some("trusted_origins");
    }
    csrf.same_site.then_some("same_site")
}

/// Whether callers are known by a cookie.
fn reads_cookies(config: &Config, route: &Route) -> bool {
    let sources = route.auth.issuers().iter().filter_map(|name| config.jwt.get(name));
    let mut sources = sources.flat_map(|jwt| &jwt.token_from);
    sources.any(|source| matches!(source, TokenSource::Cookie(_)))
}
