//! Select: which target would take it, and how all of them are.

use crate::{
    context::RequestContext,
    explain::{peek::Peek, report::StageName::Select},
    generation::{Composed, Route, Serves},
    overrides::Order,
    phase::select::{self, Choice, Chosen},
    problem::InternalError,
    upstream::{BreakerState, Labels, Pool, Standing, Subset, Target, clock},
};
use edge_policy::balance::{Method, RingKey};
use pingora_http::RequestHeader;
use serde_json::json;
use std::sync::Arc;

/// The target of the first try; none where it is not known offline.
pub(in crate::explain) fn target(
    peek: &mut Peek<'_>,
    route: &Route,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Result<Option<Arc<Target>>, InternalError> {
    let Serves::Upstream { pool, subset, .. } = &route.serves else {
        return Ok(None);
    };
    upstream(peek, pool, *subset);
    let chosen = select::target(peek, route, head, ctx);
    match chosen {
        Ok(Choice { target, why, .. }) => {
            let (_, is_given) = pool.settings.ring_key.place(&head.headers, ctx.client);
            chose(peek, pool, &target, (why, is_given));
            Ok(Some(target))
        }
        Err(InternalError::NoTarget(_)) if !peek.world.is_running() && pool.has_names() => {
            peek.book
                .note(Select, "target", json!(null), "its name is not looked up offline");
            Ok(None)
        }
        Err(error) => {
            peek.book.note(Select, "target", json!(null), format!("none: {error}"));
            Err(error)
        }
    }
}

fn upstream(peek: &mut Peek<'_>, pool: &Pool, subset: Subset) {
    let key = format!("{}.upstream", peek.route);
    peek.book.because(&key, Select, "upstream", &*pool.name, &*pool.name);
    let breaker = Order::Breaker(pool.state.breaker.get()).word();
    let text = match pool.state.breaker.get() {
        BreakerState::Configured => match pool.settings.breaker {
            Some(_) => format!("{}, as configured", pool.circuit_word().replace('_', " ")),
            None => "as configured: none".to_owned(),
        },
        BreakerState::Open => "opened by an operator: no request passes".to_owned(),
        BreakerState::Closed => "closed by an operator: it never opens".to_owned(),
    };
    if peek.world.is_running() {
        let key = format!("upstreams.{}.circuit_breaker", pool.name);
        let value = json!({ "set": breaker, "circuit": pool.circuit_word() });
        peek.book.because(&key, Select, "breaker", value, text);
    }
    let labels = pool.labels(subset);
    if let Some(labels) = labels {
        let key = format!("{}.subset", peek.route);
        let text = format!("only instances with {}", in_words(labels));
        peek.book.because(&key, Select, "subset", json!(labels), text);
    }
    for target in &pool.rotation().targets {
        instance(peek, pool, target, labels.is_none_or(|labels| target.has(labels)));
    }
}

fn instance(peek: &mut Peek<'_>, pool: &Pool, target: &Target, is_meant: bool) {
    let (address, now) = (&*target.address_text, clock::now());
    let standing = Standing::of(target, pool.settings.slow_start, now);
    let is_running = peek.world.is_running();
    let state = if is_running { standing.word() } else { "unknown" };
    let mut text = match (is_running, standing.reason()) {
        (false, _) => format!("{address}, taken for healthy offline"),
        (true, None) => format!("{address}, {state}"),
        (true, Some(reason)) => format!("{address}, {state}: {reason}"),
    };
    if !target.labels.is_empty() {
        text += &format!(" ({})", in_words(&target.labels));
    }
    if !is_meant {
        text += ", not of the route's subset";
    }
    let mut value = json!({
        "address": address, "name": &*target.name, "weight": target.share(), "state": state,
        "labels": &*target.labels, "inSubset": is_meant,
        "placement": Order::Target(target.placement.get()).word(),
    });
    if is_running {
        value["requestsInFlight"] = json!(target.load.in_flight());
        value["latencyMs"] = json!(target.load.latency(now).map(|latency| latency.as_secs_f64() * 1e3));
    }
    let key = format!("upstreams.{}.targets.{}", pool.name, target.name);
    peek.book.because(&key, Select, "instance", value, text);
}

fn in_words(labels: &Labels) -> String {
    let words: Vec<String> = labels.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    words.join(", ")
}

fn chose(peek: &mut Peek<'_>, pool: &Pool, target: &Target, (how, by_key): (Chosen, bool)) {
    let address = &*target.address_text;
    let sticky = format!("upstreams.{}.sticky", pool.name);
    let (key, how, text) = match how {
        Chosen::Balanced => {
            let key = format!("upstreams.{}.load_balancing", pool.name);
            let (how, text) = match pool.settings.method {
                Method::RoundRobin => ("turn", "next in turn"),
                Method::LeastRequests => ("least_requests", "of two drawn the one with fewer requests under way"),
                Method::PeakEwma => ("peak_ewma", "of two drawn the one that would answer sooner"),
                Method::Ring if by_key && pool.settings.ring_key != RingKey::ClientIp => {
                    ("ring", "the place of the ring's key")
                }
                Method::Ring => ("ring", "the client's place on the ring"),
            };
            (key, how, text)
        }
        Chosen::Bound => (format!("{sticky}.cookie"), "cookie", "the client's cookie names it"),
        Chosen::Session => (sticky, "session", "the client's session was opened there"),
    };
    let value = json!({ "address": address, "because": how });
    peek.book
        .because(&key, Select, "target", value, format!("{address}, {text}"));
}

/// The services behind the composed schema.
pub(in crate::explain) fn composed(peek: &mut Peek<'_>, composed: &Composed) {
    for (subgraph, pool) in &composed.subgraphs {
        let key = format!("{}.graphql.subgraphs.{subgraph}.upstream", peek.route);
        let value = json!({ "subgraph": subgraph, "upstream": &*pool.name });
        let text = format!(
            "{subgraph}, served by {}; asked where the operation needs it",
            pool.name
        );
        peek.book.because(&key, Select, "subgraph", value, text);
    }
}
