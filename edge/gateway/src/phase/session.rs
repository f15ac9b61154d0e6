//! Session: those of Engine.IO live in one target. A client that keeps no cookies is known by the session's id, on every edge.

use super::{Effects, select};
use crate::{
    context::RequestContext,
    edge::Edge,
    generation::{Route, Serves},
    upstream::{Pool, Subset, Target},
};
use edge_config::Streaming;
use edge_policy::balance::engine_io;
use http::Method;
use pingora_http::RequestHeader;
use std::sync::Arc;

/// Whether a client of sockets begins anew: what it had is over, and nothing binds it to a target that takes nobody new.
pub(super) fn is_anew(head: &RequestHeader, ctx: &RequestContext) -> bool {
    ctx.route.as_ref().is_some_and(|route| has_sockets(route)) && id(head).is_none()
}

/// Where the session of a request is.
pub(super) enum Home {
    /// It names none, or one that nobody here has heard of.
    Unknown,
    /// In this target.
    At(Arc<Target>),
    /// In one that is none any more.
    Gone,
}

/// Where the session of a request is.
pub(super) fn home<E: Effects>(effects: &E, (pool, subset): (&Pool, Subset), head: &RequestHeader) -> Home {
    let Some(address) = id(head).and_then(|id| effects.session(&pool.state.sessions, id)) else {
        return Home::Unknown;
    };
    let rotation = pool.rotation();
    let mut targets = rotation.of(subset).targets.iter();
    let target = targets.find(|target| target.address == address);
    target.map_or(Home::Gone, |target| Home::At(Arc::clone(target)))
}

/// Whether the request belongs to a session of sockets, which no target but its own knows.
pub(super) fn belongs_to_one(head: &RequestHeader, ctx: &RequestContext) -> bool {
    ctx.route.as_ref().is_some_and(|route| has_sockets(route)) && id(head).is_some()
}

/// Looks into what a service answers to a handshake: the session that opens there stays with its target. The other edges hear of it
/// before the client does, whose next request may go to one of them.
pub(super) async fn opened(edge: &Edge, head: &RequestHeader, body: &[u8], ctx: &RequestContext) {
    let Some(route) = ctx.route.as_ref().filter(|_| ctx.fell_back.is_none()) else {
        return;
    };
    let (Some(pool), Some(target)) = (sticky_pool(route), &ctx.target) else {
        return;
    };
    // A request that names a session opens none.
    let is_handshake = head.method == Method::GET && id(head).is_none();
    if let Some(session) = is_handshake.then(|| engine_io::session_of_handshake(body)).flatten() {
        pool.state.sessions.learn(session, target.address);
        edge.sessions.tell(&pool.name, session, target.address).await;
    }
}

/// Makes sure that this edge knows the request's session if any does, and that the others go on to know it.
pub(crate) async fn recall(edge: &Edge, route: &Route, head: &RequestHeader) {
    let (Some(pool), Some(session)) = (sticky_pool(route), id(head)) else {
        return;
    };
    let sessions = &pool.state.sessions;
    if let Some(target) = sessions.is_due(session) {
        edge.sessions.tell(&pool.name, session, target).await;
    }
    let is_known = || sessions.find(session).is_some() || select::is_bound(route, head);
    if !is_known()
        && let Some(target) = edge.sessions.ask(&pool.name, session).await
    {
        sessions.learn(session, target);
    }
}

/// The upstream whose targets hold sessions, if the route leads to one.
fn sticky_pool(route: &Route) -> Option<&Arc<Pool>> {
    match &route.serves {
        Serves::Upstream {
            pool, sticky: Some(_), ..
        } if has_sockets(route) => Some(pool),
        _ => None,
    }
}

fn has_sockets(route: &Route) -> bool {
    route.streaming == Some(Streaming::Websocket)
}

/// The session that a request belongs to.
fn id(head: &RequestHeader) -> Option<&str> {
    engine_io::session_of_query(head.uri.query()?)
}
