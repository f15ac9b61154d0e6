//! Select: which target would take it, and how all of them are.

use crate::{
    context::RequestContext,
    explain::{peek::Peek, report::StageName::Select},
    generation::{Composed, Route, Serves},
    phase::select::{self, Chosen},
    problem::InternalError,
    upstream::{Pool, Target},
};
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
            peek.book.note(Select, "target", json!(null), "its name is not looked up offline");
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
    for target in &pool.rotation().targets {
        let (address, well) = (&*target.address_text, target.is_available());
        let state = match (peek.world.is_running(), well) {
            (true, true) => "healthy",
            (true, false) => "unhealthy",
            (false, _) => "unknown",
        };
        let text = match state {
            "unknown" => format!("{address}, taken for healthy offline"),
            state => format!("{address}, {state}"),
        };
        let value = json!({ "address": address, "name": &*target.name, "weight": target.weight, "state": state });
        let key = format!("upstreams.{}.targets.{}", pool.name, target.name);
        peek.book.because(&key, Select, "instance", value, text);
    }
}

fn chose(peek: &mut Peek<'_>, pool: &Pool, target: &Target, how: Chosen) {
    let address = &*target.address_text;
    let sticky = format!("upstreams.{}.sticky", pool.name);
    let (key, how, text) = match how {
        Chosen::InTurn => (format!("upstreams.{}.load_balancing", pool.name), "turn", "next in turn"),
        Chosen::Bound => (format!("{sticky}.cookie"), "cookie", "the client's cookie names it"),
        Chosen::Session => (sticky, "session", "the client's session was opened there"),
    };
    let value = json!({ "address": address, "because": how });
    peek.book.because(&key, Select, "target", value, format!("{address}, {text}"));
}

/// The services behind the composed schema.
pub(in crate::explain) fn composed(peek: &mut Peek<'_>, composed: &Composed) {
    for (subgraph, pool) in &composed.subgraphs {
        let key = format!("{}.graphql.subgraphs.{subgraph}.upstream", peek.route);
        let value = json!({ "subgraph": subgraph, "upstream": &*pool.name });
        let text = format!("{subgraph}, served by {}; asked where the operation needs it", pool.name);
        peek.book.because(&key, Select, "subgraph", value, text);
    }
}
