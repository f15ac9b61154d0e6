//! `/status`: the same facts as the metrics for people and tests, and what operators said.

use crate::{
    edge::Edge,
    generation::{Generation, Route},
    overrides::{Order, Shown, Subject},
    tls::Validity,
    upstream::{Pool, Standing, Target, clock},
};
use chrono::{DateTime, SecondsFormat, Utc};
use edge_policy::shed::Level;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Everything.
pub(super) fn status(edge: &Edge) -> Value {
    let generation = edge.generation.load();
    json!({
        "pid": std::process::id(),
        "generation": generation.number,
        "config": edge.board.config(),
        "upstreams": upstreams(&generation),
        "overrides": overrides(edge),
        "issuers": issuers(&generation),
        "certificates": certificates(&generation),
        "cache": cache(edge),
        "quotaStore": if edge.links.quotas.is_up() { "up" } else { "down" },
        "edges": edge.quotas.leases.fleet(),
        "revocations": if edge.links.revocations.is_up() { "complete" } else { "incomplete" },
        "requestsInFlight": edge.metrics.in_flight.get(),
        "streams": edge.metrics.streams.get(),
        "connections": edge.metrics.connections.get(),
    })
}

/// Upstreams by name, each with its targets.
pub(super) fn upstreams(generation: &Generation) -> Value {
    let upstreams = generation.pools.iter().map(|(name, pool)| {
        let rotation = pool.rotation();
        let targets: Vec<Value> = rotation.targets.iter().map(|target| shown(pool, target)).collect();
        let breaker = Order::Breaker(pool.state.breaker.get()).word();
        let load_balancing = pool.settings.method.word();
        (
            name.clone(),
            json!({
                "breaker": breaker,
                "circuit": pool.circuit_word(),
                "loadBalancing": load_balancing,
                "requestsInFlight": pool.state.load.in_flight(),
                "concurrency": concurrency(pool),
                "hedge": hedge(generation, pool),
                "targets": targets,
            }),
        )
    });
    Value::Object(upstreams.collect::<Map<_, _>>())
}

/// How many requests it gets at a time; null without a limit.
fn concurrency(pool: &Pool) -> Value {
    let Some(settings) = &pool.settings.room else {
        return Value::Null;
    };
    let room = &pool.state.room;
    let shed = Level::ALL.iter().zip(&pool.cells.shed);
    let shed = shed.map(|(level, counter)| (level.word().to_owned(), json!(counter.get())));
    json!({
        "limit": room.limiter.limit(settings.bounds),
        "requestsInFlight": room.limiter.in_flight(),
        "queued": room.queued(),
        "baselineMs": room.limiter.baseline().map(clock::millis),
        "shed": shed.collect::<Map<_, _>>(),
    })
}

/// How its requests are hedged; null where no route wants it.
fn hedge(generation: &Generation, pool: &Arc<Pool>) -> Value {
    let (hedges, now) = (&pool.state.hedges, clock::now());
    let delay = |route: &Arc<Route>| {
        let terms = route
            .hedge
            .filter(|_| route.pools().iter().any(|of| Arc::ptr_eq(of, pool)))?;
        let delay = hedges.delay(terms.after, now);
        Some((route.name.to_string(), json!(delay.map(clock::millis))))
    };
    let delays: Map<_, _> = generation.named.iter().filter_map(delay).collect();
    if delays.is_empty() {
        return Value::Null;
    }
    let (requests, recent) = hedges.recent(now);
    json!({
        "delaysMs": delays,
        "answers": hedges.samples(now),
        "requests": requests,
        "hedges": recent,
        "asked": pool.cells.hedges.get(),
        "won": pool.cells.hedges_won.get(),
        "refused": pool.cells.hedges_refused.get(),
    })
}

fn shown(pool: &Pool, target: &Target) -> Value {
    let now = clock::now();
    let standing = Standing::of(target, &pool.settings, now);
    json!({
        "name": &*target.name,
        "address": target.address.to_string(),
        "labels": &*target.labels,
        "weight": target.share(),
        "configuredWeight": target.weight,
        "healthy": target.is_available(),
        "state": standing.word(),
        "reason": standing.reason(),
        "requestsInFlight": target.load.in_flight(),
        "latencyMs": target.load.latency(now).map(clock::millis),
        "placement": Order::Target(target.placement.get()).word(),
    })
}

/// Overrides that hold.
pub(super) fn overrides(edge: &Edge) -> Vec<Shown> {
    let generation = edge.generation.load_full();
    edge.overrides.list(|subject| is_known(&generation, subject))
}

/// Whether a generation has what an override is about.
pub(super) fn is_known(generation: &Generation, subject: &Subject) -> bool {
    generation.pools.get(subject.upstream()).is_some_and(|pool| {
        let address = subject.address();
        address.is_none_or(|address| has(pool, address))
    })
}

fn has(pool: &Pool, address: std::net::SocketAddr) -> bool {
    pool.rotation().targets.iter().any(|target| target.address == address)
}

/// What is kept, and how often it was of use.
fn cache(edge: &Edge) -> Value {
    let (store, cells) = (&edge.cache.store, &edge.metrics.cache);
    let (entries, bytes) = store.size();
    let requests = cells.answers().map(|(word, count)| (word.to_owned(), json!(count)));
    json!({
        "entries": entries,
        "bytes": bytes,
        "fillBytes": store.on_their_way(),
        "requests": requests.collect::<Map<_, _>>(),
        "collapsed": cells.collapsed.get(),
        "evictions": cells.evictions.get(),
        "purged": cells.purged.get(),
    })
}

/// Until when the edge's own are valid.
fn certificates(generation: &Generation) -> Vec<Value> {
    let shown = |own: &Validity| {
        let not_after = DateTime::<Utc>::from(own.not_after).to_rfc3339_opts(SecondsFormat::Secs, true);
        json!({ "usedBy": own.used_by, "file": own.file, "notAfter": not_after })
    };
    generation.certificates.iter().map(shown).collect()
}

fn issuers(generation: &Generation) -> Value {
    let issuers = generation.issuers.iter().map(|(name, issuer)| {
        let verifier = &issuer.verifier;
        let keys = json!({ "keys": verifier.has_keys(), "revokedSessions": verifier.revocations().len() });
        (name.clone(), keys)
    });
    Value::Object(issuers.collect::<Map<_, _>>())
}
