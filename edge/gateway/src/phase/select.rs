//! Select: which target takes the request, and what becomes of one that fails.

use super::Effects;
use crate::{
    context::RequestContext,
    generation::{Route, Serves, Sticky},
    problem::InternalError,
    upstream::{PeerTimeouts, Pool, Target, peer},
};
use bytes::Bytes;
use edge_config::Streaming;
use edge_policy::{
    balance::{Client, engine_io},
    identity::cookie,
    retry::{Failure, Sent, may_retry},
};
use http::{HeaderMap, HeaderValue, Method};
use pingora_core::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora_error::{Error, ErrorSource, ErrorType};
use pingora_http::RequestHeader;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A stream that says nothing for this long has no service behind it any more: heartbeats come far more often.
const STREAM_SILENCE: Duration = Duration::from_secs(600);

/// The peer of the next try.
pub(crate) fn select<E: Effects>(
    effects: &E,
    route: &Route,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Result<HttpPeer, InternalError> {
    let (target, _) = target(effects, route, head, ctx)?;
    let left = ctx
        .deadline()
        .map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let patience = left.unwrap_or(STREAM_SILENCE).max(Duration::from_millis(1));
    let timeouts = PeerTimeouts {
        connect: route.connect_timeout.min(patience),
        read: patience,
        write: patience,
        idle: route.pool_idle,
    };
    let mut peer = peer(&target, timeouts);
    // Those that may be granted are asked for in `upgrade`; from all other requests the wish is taken away.
    peer.options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
    ctx.attempts += 1;
    ctx.attempt_began = Some(Instant::now());
    ctx.target = Some(target);
    Ok(peer)
}

/// Why a target takes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// It is its turn.
    InTurn,
    /// The client's cookie names it.
    Bound,
    /// The client's session was opened there.
    Session,
}

/// The target of the next try.
pub(crate) fn target<E: Effects>(
    effects: &E,
    route: &Route,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Result<(Arc<Target>, Chosen), InternalError> {
    let Serves::Upstream { pool, sticky } = &route.serves else {
        return Err(InternalError::NoTarget("graphql".into()));
    };
    if pool.state.breaker.is_open() {
        return Err(InternalError::CircuitOpen(Arc::clone(&pool.name)));
    }
    choose(effects, pool, sticky.as_deref(), head, ctx).ok_or_else(|| InternalError::NoTarget(Arc::clone(&pool.name)))
}

/// The client's own target if it is bound to one that is well and not disabled, else the next in turn.
fn choose<E: Effects>(
    effects: &E,
    pool: &Pool,
    sticky: Option<&Sticky>,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Option<(Arc<Target>, Chosen)> {
    let Some(sticky) = sticky else {
        return effects.next(pool, &ctx.tried).map(|target| (target, Chosen::InTurn));
    };
    let free = |target: &Arc<Target>| {
        target.is_available() && target.admits(Client::Bound) && !ctx.tried.contains(&target.address)
    };
    if let Some(target) = bound(pool, sticky, &head.headers).filter(free) {
        ctx.set_cookie = None;
        return Some((target, Chosen::Bound));
    }
    // A client that keeps no cookies is known by its session. It is not sent another one in vain.
    if let Some(target) = in_session(effects, pool, head).filter(free) {
        ctx.set_cookie = None;
        return Some((target, Chosen::Session));
    }
    let target = effects.next(pool, &ctx.tried)?;
    let value = format!(
        "{}={}{}",
        sticky.cookie,
        sticky.affinity.value(&target.address_text),
        sticky.attributes
    );
    ctx.set_cookie = HeaderValue::from_str(&value).ok();
    Some((target, Chosen::InTurn))
}

fn in_session<E: Effects>(effects: &E, pool: &Pool, head: &RequestHeader) -> Option<Arc<Target>> {
    let session = engine_io::session_of_query(head.uri.query()?)?;
    let address = effects.session(&pool.state.sessions, session)?;
    let rotation = pool.rotation();
    let target = rotation.targets.iter().find(|target| target.address == address);
    target.map(Arc::clone)
}

/// Looks into what a service answers to a Socket.IO handshake: the session that opens there stays with its target.
pub(crate) fn learn_session(head: &RequestHeader, body: Option<&Bytes>, ctx: &RequestContext) {
    let Some(route) = ctx
        .route
        .as_ref()
        .filter(|route| route.streaming == Some(Streaming::Websocket))
    else {
        return;
    };
    let (
        Serves::Upstream {
            pool, sticky: Some(_), ..
        },
        Some(target),
        Some(body),
    ) = (&route.serves, &ctx.target, body)
    else {
        return;
    };
    // A request that names a session opens none.
    let is_handshake = head.method == Method::GET && head.uri.query().and_then(engine_io::session_of_query).is_none();
    if let Some(session) = is_handshake.then(|| engine_io::session_of_handshake(body)).flatten() {
        pool.state.sessions.learn(session, target.address);
    }
}

fn bound(pool: &Pool, sticky: &Sticky, headers: &HeaderMap) -> Option<Arc<Target>> {
    let value = cookie(headers, &sticky.cookie)?;
    let rotation = pool.rotation();
    let index = sticky
        .affinity
        .find(value, rotation.targets.iter().map(|target| &*target.address_text))?;
    Some(Arc::clone(&rotation.targets[index]))
}

/// No connection could be made: leave the target alone for a while, and go on to the next one.
pub(crate) fn not_connected(route: &Route, error: &mut Error, ctx: &mut RequestContext) {
    let Serves::Upstream { pool, .. } = &route.serves else {
        return;
    };
    pool.cells.connect_failures.add();
    if let Some(target) = &ctx.target {
        target.eject();
        ctx.tried.push(target.address);
    }
    // Nothing was sent, so any method may be tried on every target there is.
    let attempts = u32::try_from(pool.len()).unwrap_or(u32::MAX).max(route.attempts);
    retry(
        pool,
        error,
        &failure(&Method::GET, Sent::Nothing, true, ctx),
        attempts,
        ctx,
    );
}

/// The exchange broke off.
pub(crate) fn broke_off(route: &Route, error: &mut Error, exchange: &Exchange<'_>, ctx: &mut RequestContext) {
    let Serves::Upstream { pool, .. } = &route.serves else {
        return;
    };
    error.set_retry(false);
    if *error.esource() != ErrorSource::Upstream {
        return;
    }
    pool.cells.failures.add();
    // A timeout has used up the time that a second try would need.
    if matches!(error.etype(), ErrorType::ReadTimedout | ErrorType::WriteTimedout) {
        return;
    }
    let sent = if exchange.answered {
        Sent::Answered
    } else {
        Sent::Something
    };
    if exchange.reused {
        // Most likely the service closed an idle connection just then: the target itself is well.
        retry(
            pool,
            error,
            &failure(exchange.method, sent, exchange.replayable, ctx),
            route.attempts.max(2),
            ctx,
        );
        return;
    }
    ctx.tried.extend(ctx.target.as_ref().map(|target| target.address));
    retry(
        pool,
        error,
        &failure(exchange.method, sent, exchange.replayable, ctx),
        route.attempts,
        ctx,
    );
}

/// How far an exchange came.
pub(crate) struct Exchange<'a> {
    /// The request's method.
    pub(crate) method: &'a Method,
    /// Whether the connection had served a request before.
    pub(crate) reused: bool,
    /// Whether the answer's head has gone to the client.
    pub(crate) answered: bool,
    /// Whether the body can be sent again.
    pub(crate) replayable: bool,
}

fn failure<'a>(method: &'a Method, sent: Sent, replayable: bool, ctx: &RequestContext) -> Failure<'a> {
    Failure {
        method,
        sent,
        replayable,
        tries: ctx.attempts,
    }
}

fn retry(pool: &Pool, error: &mut Error, failure: &Failure<'_>, attempts: u32, ctx: &RequestContext) {
    // A client that is bound to a draining target may try that one again.
    let own = ctx.target.as_ref().filter(|target| target.admits(Client::Bound));
    let another = own.is_some_and(|own| !ctx.tried.contains(&own.address)) || pool.has_another(&ctx.tried);
    let in_time = ctx.deadline().is_none_or(|deadline| Instant::now() < deadline);
    let again = another && in_time && may_retry(failure, attempts);
    error.set_retry(again);
    if again {
        pool.cells.retries.add();
    }
}

/// The answer's head is there.
pub(crate) fn answered(ctx: &mut RequestContext) {
    let Some(time) = ctx.attempt_began.map(|began| began.elapsed()) else {
        return;
    };
    ctx.upstream_time = Some(time);
    if let Some(Serves::Upstream { pool, .. }) = ctx.route.as_ref().map(|route| &route.serves) {
        pool.cells.latency.observe(time);
    }
}

/// The upstream of the request's route.
pub(crate) fn upstream_name(ctx: &RequestContext) -> Option<&Arc<str>> {
    match &ctx.route.as_ref()?.serves {
        Serves::Upstream { pool, .. } => Some(&pool.name),
        Serves::Graphql(_) => None,
    }
}
