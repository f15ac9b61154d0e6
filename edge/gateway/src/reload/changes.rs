//! What is new in a configuration, in few words.

use crate::generation::Source;
use std::collections::BTreeMap;

/// What differs: `upstreams.auth changed`, `routes.new added`.
pub(super) fn changes(old: &Source, new: &Source) -> Vec<String> {
    let mut all = Vec::new();
    let (from, to) = (&old.config, &new.config);
    let mut section = |name: &str, differs: bool| {
        if differs {
            all.push(format!("{name} changed"));
        }
    };
    section("admin", from.admin != to.admin);
    section("listeners", from.listeners != to.listeners);
    section("limits", from.limits != to.limits);
    section("redis", from.redis != to.redis);
    section("trusted_proxies", from.trusted_proxies != to.trusted_proxies);
    entries("cors", &from.cors, &to.cors, &mut all);
    entries("jwt", &from.jwt, &to.jwt, &mut all);
    entries("rate_limits", &from.rate_limits, &to.rate_limits, &mut all);
    entries("upstreams", &from.upstreams, &to.upstreams, &mut all);
    entries("routes", &from.routes, &to.routes, &mut all);
    let schemas = |source: &Source| -> BTreeMap<String, String> {
        let named = source.schemas.iter();
        named
            .map(|(file, text)| (file.display().to_string(), text.clone()))
            .collect()
    };
    entries("schemas", &schemas(old), &schemas(new), &mut all);
    all
}

fn entries<T: PartialEq>(section: &str, old: &BTreeMap<String, T>, new: &BTreeMap<String, T>, all: &mut Vec<String>) {
    for (name, value) in new {
        match old.get(name) {
            None => all.push(format!("{section}.{name} added")),
            Some(before) if before != value => all.push(format!("{section}.{name} changed")),
            Some(_) => {}
        }
    }
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    all.extend(gone.map(|name| format!("{section}.{name} removed")));
}
