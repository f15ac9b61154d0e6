//! Select: which target would take it, and how all of them are.

use crate::{
    context::RequestContext,
    explain::{peek::Peek, report::StageName::Select},
    generation::{Composed, Route, Serves},
    overrides::Order,
    phase::select::{self, Chosen},
    problem::InternalError,
    upstream::{BreakerState, Pool, Target},
};
use edge_policy::balance::Placement;
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
    let Serves::Upstream { pool, .. } = &route.serves else {
        return Ok(None);
    };
    upstream(peek, pool);
    let chosen = select::target(peek, route, head, ctx);
    match chosen {
        Ok((target, how)) => {
            chose(peek, pool, &target, how);
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

fn upstream(peek: &mut Peek<'_>, pool: &Pool) {
    let key = format!("{}.upstream", peek.route);
    peek.book.because(&key, Select, "upstream", &*pool.name, &*pool.name);
    let breaker = Order::Breaker(pool.state.breaker.get()).word();
    let text = match pool.state.breaker.get() {
        BreakerState::Configured => "as configured",
        BreakerState::Open => "opened by an operator: no request passes",
        BreakerState::Closed => "closed by an operator: it never opens",
    };
    if peek.world.is_running() {
        peek.book.note(Select, "breaker", breaker, text);
    }
    for target in &pool.rotation().targets {
        instance(peek, pool, target);
    }
}

fn instance(peek: &mut Peek<'_>, pool: &Pool, target: &Target) {
    let address = &*target.address_text;
    let state = match (peek.world.is_running(), target.is_healthy(), target.is_ejected()) {
        (false, ..) => "unknown",
        (true, false, _) => "unhealthy",
        (true, true, true) => "ejected",
        (true, true, false) => "healthy",
    };
    let placement = Order::Target(target.placement.get()).word();
    let mut text = match state {
        "unknown" => format!("{address}, taken for healthy offline"),
        "ejected" => format!("{address}, left alone for a moment: it could not be connected to"),
        state => format!("{address}, {state}"),
    };
    if target.placement.get() != Placement::Configured {
        text.push_str(&format!("; set by an operator: {placement}"));
    }
    let value = json!({
        "address": address, "name": &*target.name, "weight": target.share(), "state": state, "placement": placement,
    });
    let key = format!("upstreams.{}.targets.{}", pool.name, target.name);
    peek.book.because(&key, Select, "instance", value, text);
}

fn chose(peek: &mut Peek<'_>, pool: &Pool, target: &Target, how: Chosen) {
    let address = &*target.address_text;
    let sticky = format!("upstreams.{}.sticky", pool.name);
    let (key, how, text) = match how {
        Chosen::InTurn => (
            format!("upstreams.{}.load_balancing", pool.name),
            "turn",
            "next in turn",
        ),
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
