//! `/metrics`: what is counted, and what is measured when somebody asks.

use crate::{edge::Edge, generation::Generation, metrics::Page, upstream::Pool};
use edge_policy::shed::Bounds;

/// The page.
pub(super) fn page(edge: &Edge) -> String {
    let mut page = edge.metrics.render();
    let generation = edge.generation.load();
    let name = "edge_target_healthy";
    page.metric(name, "gauge", "Whether a target is well enough for requests: 1 or 0.");
    for pool in generation.pools.values() {
        for target in &pool.rotation().targets {
            let labels = format!("upstream=\"{}\",target=\"{}\"", pool.name, target.address);
            page.value(name, &labels, u8::from(target.is_available()));
        }
    }
    let name = "edge_target_requests_in_flight";
    page.metric(name, "gauge", "Requests under way at a target, open streams included.");
    for pool in generation.pools.values() {
        for target in &pool.rotation().targets {
            let labels = format!("upstream=\"{}\",target=\"{}\"", pool.name, target.address);
            page.value(name, &labels, target.load.in_flight());
        }
    }
    let name = "edge_breaker_state";
    page.metric(name, "gauge", "What a circuit breaker does: 1 for the state it is in.");
    for pool in generation.pools.values() {
        let now = pool.circuit_word();
        for state in Pool::CIRCUIT_WORDS {
            let labels = format!("upstream=\"{}\",state=\"{state}\"", pool.name);
            page.value(name, &labels, u8::from(state == now));
        }
    }
    room(&mut page, &generation);
    cache(&mut page, edge);
    let name = "edge_overrides";
    page.metric(name, "gauge", "Overrides of targets and breakers that hold.");
    page.value(name, "", edge.overrides.len());
    let name = "edge_link_up";
    page.metric(name, "gauge", "Whether something outside can be used: 1 or 0.");
    page.value(name, "link=\"quota_store\"", u8::from(edge.links.quotas.is_up()));
    page.value(name, "link=\"revocations\"", u8::from(edge.links.revocations.is_up()));
    for (issuer, keys) in &generation.issuers {
        page.value(
            name,
            &format!("link=\"jwks:{issuer}\""),
            u8::from(keys.verifier.has_keys()),
        );
    }
    revocations(&mut page, &generation);
    certificates(&mut page, &generation);
    page.finish()
}

fn cache(page: &mut Page, edge: &Edge) {
    let (entries, bytes) = edge.cache.store.size();
    for (name, help, value) in [
        ("edge_cache_entries", "Answers that are kept.", entries),
        ("edge_cache_bytes", "Memory that they take.", bytes),
        (
            "edge_cache_fill_bytes",
            "Memory that answers on their way take.",
            edge.cache.store.on_their_way(),
        ),
    ] {
        page.metric(name, "gauge", help);
        page.value(name, "", value);
    }
}

fn room(page: &mut Page, generation: &Generation) {
    type Measure = fn(&Pool, Bounds) -> u32;
    let measures: [(&str, &str, Measure); 3] = [
        ("limit", "Requests that an upstream gets at a time.", |pool, bounds| {
            pool.state.room.limiter.limit(bounds)
        }),
        ("in_flight", "Requests that count against the limit.", |pool, _| {
            pool.state.room.limiter.in_flight()
        }),
        ("queued", "Requests that wait for room.", |pool, _| {
            pool.state.room.queued()
        }),
    ];
    for (what, help, measure) in measures {
        let name = format!("edge_concurrency_{what}");
        page.metric(&name, "gauge", help);
        for pool in generation.pools.values() {
            if let Some(settings) = &pool.settings.room {
                let labels = format!("upstream=\"{}\"", pool.name);
                page.value(&name, &labels, measure(pool, settings.bounds));
            }
        }
    }
}

fn certificates(page: &mut Page, generation: &Generation) {
    let name = "edge_tls_certificate_not_after_seconds";
    page.metric(
        name,
        "gauge",
        "Until when a certificate of the edge's own is valid, since the Unix epoch.",
    );
    for own in &generation.certificates {
        let labels = format!("used_by=\"{}\",file=\"{}\"", own.used_by, escaped(&own.file));
        page.value(name, &labels, own.unix_seconds());
    }
}

/// A label's value may hold anything, names of files do.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn revocations(page: &mut Page, generation: &Generation) {
    let known = |issuer: &str| format!("issuer=\"{issuer}\"");
    let (name, dropped) = ("edge_revocations", "edge_revocations_dropped_total");
    page.metric(name, "gauge", "Revoked sessions, tokens and users that are remembered.");
    for (issuer, keys) in &generation.issuers {
        page.value(name, &known(issuer), keys.verifier.revocations().len());
    }
    page.metric(
        dropped,
        "counter",
        "Revocations forgotten before their time, as there were too many.",
    );
    for (issuer, keys) in &generation.issuers {
        page.value(dropped, &known(issuer), keys.verifier.revocations().dropped());
    }
}
