//! Select: which target would take it, and how all of them are.

use crate::{
    context::RequestContext,
    explain::{peek::Peek, report::StageName::Select},
    generation::{Composed, Fallback, Route, Serves},
    overrides::Order,
    phase::select::{self, Choice, Chosen},
    problem::InternalError,
    upstream::{BreakerState, Labels, Outlook, Pool, Standing, Subset, Target, clock},
};
use edge_policy::balance::{Method, RingKey};
use pingora_http::RequestHeader;
use serde_json::json;
use std::sync::Arc;

/// The target of the first try; none where it is not known offline.
pub(in crate::explain) async fn target(
    peek: &mut Peek<'_>,
    route: &Route,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Result<Option<Arc<Target>>, InternalError> {
    let Serves::Upstream { pool, subset, .. } = &route.serves else {
        return Ok(None);
    };
    upstream(peek, pool, *subset);
    room(peek, route, head);
    if !peek.world.is_running() && pool.has_names() && pool.len() == 0 {
        peek.book
            .note(Select, "target", json!(null), "its name is not looked up offline");
        return Ok(None);
    }
    let entered = select::enter(peek, route, head, ctx).await;
    let chosen = entered.and_then(|()| select::target(peek, route, head, ctx));
    if ctx.fell_back.is_some() {
        fell_back(peek, route);
    }
    match chosen {
        Ok(Choice { target, why, pool, .. }) => {
            let (_, is_given) = pool.settings.ring_key.place(&head.headers, ctx.client);
            chose(peek, pool, &target, (why, is_given));
            Ok(Some(target))
        }
        Err(error) => {
            peek.book.note(Select, "target", json!(null), format!("none: {error}"));
            Err(error)
        }
    }
}

/// The upstream is away, and something else answers.
pub(in crate::explain) fn fell_back(peek: &mut Peek<'_>, route: &Route) {
    let Some(fallback) = &route.fallback else { return };
    let key = format!("{}.fallback", peek.route);
    let text = match fallback {
        Fallback::Upstream(pool) => format!("{} is asked, as the upstream is away", pool.name),
        Fallback::Answer(answer) => format!("the edge answers {} itself, as the upstream is away", answer.status),
    };
    peek.book.because(&key, Select, "fallback", fallback.word(), text);
    if let Some(pool) = fallback.upstream() {
        standings(peek, pool, Subset::ALL);
    }
}

fn upstream(peek: &mut Peek<'_>, pool: &Pool, subset: Subset) {
    let key = format!("{}.upstream", peek.route);
    peek.book.because(&key, Select, "upstream", &*pool.name, &*pool.name);
    standings(peek, pool, subset);
}

/// Its breaker and its instances.
fn standings(peek: &mut Peek<'_>, pool: &Pool, subset: Subset) {
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
    if pool.identity.is_some() {
        let key = format!("upstreams.{}.tls", pool.name);
        peek.book
            .because(&key, Select, "tls", true, "instances are spoken to over TLS");
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

/// Whether the upstream has room for it.
fn room(peek: &mut Peek<'_>, route: &Route, head: &RequestHeader) {
    let Some((pool, level)) = select::limited(route, head) else {
        return;
    };
    let key = format!("{}.priority", peek.route);
    peek.book.because(&key, Select, "priority", level.word(), level.word());
    let Some(settings) = pool.settings.room.filter(|_| peek.world.is_running()) else {
        return;
    };
    let limiter = &pool.state.room.limiter;
    let (limit, most) = (limiter.limit(settings.bounds), limiter.room(level, settings.bounds));
    let (in_flight, queued) = (limiter.in_flight(), pool.state.room.queued());
    let (outlook, meets) = match pool.outlook(level) {
        Outlook::Free => ("free", "there is room".to_owned()),
        Outlook::Waits(wait) => ("waits", format!("it would wait for up to {} ms", wait.as_millis())),
        Outlook::Refused => ("refused", "too many wait already".to_owned()),
    };
    let text = format!("{in_flight} of {limit} under way, {most} for this priority: {meets}");
    let value = json!({
        "limit": limit, "forPriority": most, "requestsInFlight": in_flight, "queued": queued, "outlook": outlook,
    });
    let key = format!("upstreams.{}.concurrency", pool.name);
    peek.book.because(&key, Select, "concurrency", value, text);
}

fn instance(peek: &mut Peek<'_>, pool: &Pool, target: &Target, is_meant: bool) {
    let (address, now) = (&*target.address_text, clock::now());
    let standing = Standing::of(target, &pool.settings, now);
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
        value["latencyMs"] = json!(target.load.latency(now).map(clock::millis));
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
pub(in crate::explain) fn composed(peek: &mut Peek<'_>, route: &Route, composed: &Composed) {
    for (subgraph, pool) in &composed.subgraphs {
        let key = format!("{}.graphql.subgraphs.{subgraph}.upstream", peek.route);
        let value = json!({ "subgraph": subgraph, "upstream": &*pool.name });
        let text = format!(
            "{subgraph}, served by {}; asked where the operation needs it",
            pool.name
        );
        peek.book.because(&key, Select, "subgraph", value, text);
        if let Some(settings) = pool.settings.room.filter(|_| peek.world.is_running()) {
            let limiter = &pool.state.room.limiter;
            let (limit, in_flight) = (limiter.limit(settings.bounds), limiter.in_flight());
            let value = json!({ "upstream": &*pool.name, "limit": limit, "requestsInFlight": in_flight });
            let text = format!("{}, {in_flight} of {limit} under way", pool.name);
            let key = format!("upstreams.{}.concurrency", pool.name);
            peek.book.because(&key, Select, "concurrency", value, text);
        }
        super::hedge::of(peek, route, pool);
    }
}
