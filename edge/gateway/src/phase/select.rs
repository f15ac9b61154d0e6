//! Select: which target takes the request, and what becomes of one that fails.

use super::{
    Effects,
    ask::Ended,
    fallback::{self, fall_back},
    session::{self, Home},
};
use crate::{
    context::RequestContext,
    generation::{Route, Serves, Sticky},
    problem::InternalError,
    upstream::{Attempt, Crowded, LACKING, PeerTimeouts, Pool, Rotation, Subset, Target, clock, is_lack, peer},
};
use edge_policy::{
    balance::{Client, Tag},
    breaker::Permit,
    retry::{Cause, Failure, backoff},
    shed::Level,
};
use http::{HeaderMap, HeaderValue, Method};
use pingora_core::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora_error::{Error, ErrorSource, ErrorType};
use pingora_http::RequestHeader;
use shared_identity::cookie;
use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// The peer of the next try. `is_whole`: no body of the request is still to come.
pub(crate) fn select<E: Effects>(
    effects: &E,
    route: &Route,
    head: &RequestHeader,
    is_whole: bool,
    ctx: &mut RequestContext,
) -> Result<HttpPeer, InternalError> {
    // The one before is over.
    ctx.attempt = None;
    let Choice {
        target, pool, permit, ..
    } = target(effects, route, head, ctx)?;
    let attempt = Attempt::begin(pool, &target, permit);
    if ctx.tries() == 0 {
        pool.state.budget.request(clock::now());
    }
    let peer = peer_at(route, pool, &target, is_whole, ctx);
    ctx.attempts += 1;
    ctx.attempt = Some(attempt);
    ctx.target = Some(target);
    Ok(peer)
}

/// How a target is spoken to from now on.
pub(crate) fn peer_at(route: &Route, pool: &Pool, target: &Target, is_whole: bool, ctx: &RequestContext) -> HttpPeer {
    let left = ctx
        .deadline()
        .map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let patience = left.unwrap_or(route.silence).max(Duration::from_millis(1));
    // A service cannot answer what has not arrived: slow uploads are bounded by the request's own time.
    let bound = left.and(route.first_byte).filter(|_| is_whole);
    let first_byte = bound.unwrap_or(patience);
    let timeouts = PeerTimeouts {
        connect: route.connect_timeout.min(patience),
        read: first_byte.min(patience),
        write: patience,
        idle: route.pool_idle,
    };
    let mut peer = peer(pool, target, timeouts);
    // Those that may be granted are asked for in `upgrade`; from all other requests the wish is taken away.
    peer.options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
    peer
}

/// Takes room at the upstream before the first try; those that repeat it have it already. What stays open is not counted.
///
/// # Errors
/// The upstream has as much to do as it can.
pub(crate) async fn enter<E: Effects>(
    effects: &E,
    route: &Route,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Result<(), InternalError> {
    let Some((pool, level)) = limited(route, head).filter(|_| ctx.attempts == 0) else {
        return Ok(());
    };
    let slot = effects.enter(pool, level).await;
    ctx.slot = slot.map_err(|Crowded| InternalError::Overloaded(Arc::clone(&pool.name)))?;
    Ok(())
}

/// The upstream that takes so many requests at a time and no more, and how much this one matters; none where nothing is limited.
pub(crate) fn limited<'r>(route: &'r Route, head: &RequestHeader) -> Option<(&'r Arc<Pool>, Level)> {
    let Serves::Upstream { pool, .. } = &route.serves else {
        return None;
    };
    pool.settings.room?;
    let level = || route.level.unwrap_or_else(|| Level::of_method(&head.method));
    let counts = route.streaming.is_none();
    counts.then(|| match Level::is_prefetch(&head.headers) {
        true => (pool, Level::Low),
        false => (pool, level()),
    })
}

/// Waits before a try that repeats another.
pub(crate) async fn pause(ctx: &mut RequestContext) {
    let pause = mem::take(&mut ctx.pause);
    if !pause.is_zero() {
        sleep(pause).await;
    }
}

/// Why a target takes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// The balancer chose it.
    Balanced,
    /// The client's cookie names it.
    Bound,
    /// The client's session was opened there.
    Session,
}

/// What the next try needs.
pub(crate) struct Choice<'r> {
    /// Its target.
    pub(crate) target: Arc<Target>,
    /// Why that one.
    pub(crate) why: Chosen,
    /// Whose target it is.
    pub(crate) pool: &'r Arc<Pool>,
    /// Leave by the breaker.
    pub(crate) permit: Option<Permit>,
}

/// The target of the next try.
pub(crate) fn target<'r, E: Effects>(
    effects: &E,
    route: &'r Route,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Result<Choice<'r>, InternalError> {
    let (Some(part), Serves::Upstream { sticky, .. }) = (fallback::part(route, ctx), &route.serves) else {
        return Err(InternalError::NoTarget("graphql".into()));
    };
    let sticky = sticky.as_deref().filter(|_| ctx.fell_back.is_none());
    match target_of(effects, part, sticky, head, ctx) {
        Err(_) if fall_back(route, ctx) => {
            let other = fallback::part(route, ctx).unwrap_or(part);
            target_of(effects, other, None, head, ctx)
        }
        chosen => chosen,
    }
}

fn target_of<'r, E: Effects>(
    effects: &E,
    (pool, subset): (&'r Arc<Pool>, Subset),
    sticky: Option<&Sticky>,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Result<Choice<'r>, InternalError> {
    // The breaker before the balancer: no target is drawn for a request that goes nowhere.
    let permit = effects.leave(pool);
    let permit = permit.map_err(|refusal| InternalError::CircuitOpen(Arc::clone(&pool.name), refusal))?;
    let chosen = choose(effects, (pool, subset), sticky, head, ctx);
    let (target, why) = match chosen {
        Ok(chosen) => chosen,
        Err(error) => {
            pool.give_back(permit);
            return Err(error);
        }
    };
    Ok(Choice {
        target,
        why,
        pool,
        permit,
    })
}

/// The client's own target if it is bound to one that is well and not disabled, else the balancer's choice.
///
/// # Errors
/// None takes the request, or none but the one that held its session could.
fn choose<E: Effects>(
    effects: &E,
    (pool, subset): (&Pool, Subset),
    sticky: Option<&Sticky>,
    head: &RequestHeader,
    ctx: &mut RequestContext,
) -> Result<(Arc<Target>, Chosen), InternalError> {
    let (key, _) = pool.settings.ring_key.place(&head.headers, ctx.client);
    let none = || InternalError::NoTarget(Arc::clone(&pool.name));
    let Some(sticky) = sticky else {
        let target = effects.next(pool, subset, &ctx.tried, key).ok_or_else(none)?;
        return Ok((target, Chosen::Balanced));
    };
    let own = bound(pool.rotation().of(subset), sticky, &head.headers);
    if session::belongs_to_one(head, ctx) {
        // The session first: the cookie may be that of another one, which the same client opened since.
        let home = match (session::home(effects, (pool, subset), head), own) {
            (Home::Unknown, own) => own.map(|own| (own, Chosen::Bound)),
            (Home::At(target), _) => Some((target, Chosen::Session)),
            (Home::Gone, _) => return Err(InternalError::SessionOver(Arc::clone(&pool.name))),
        };
        if let Some((target, why)) = home {
            ctx.set_cookie = None;
            // All others would be asked in vain, and its own even where it is not well.
            return match target.admits(Client::Bound) && !ctx.tried.contains(&target.address) {
                true => Ok((target, why)),
                false => Err(InternalError::SessionOver(Arc::clone(&pool.name))),
            };
        }
    } else if let Some(target) = own.filter(|target| has_place(target, pool, head, ctx)) {
        ctx.set_cookie = None;
        return Ok((target, Chosen::Bound));
    }
    let target = effects.next(pool, subset, &ctx.tried, key).ok_or_else(none)?;
    let value = format!(
        "{}={}{}{}",
        sticky.cookie,
        target.tag(&sticky.affinity),
        sticky.attributes,
        if ctx.secure { "; Secure" } else { "" }
    );
    ctx.set_cookie = HeaderValue::from_str(&value).ok();
    Ok((target, Chosen::Balanced))
}

/// Whether a target takes a client that its cookie binds to it.
fn has_place(target: &Target, pool: &Pool, head: &RequestHeader, ctx: &RequestContext) -> bool {
    // Who begins anew has nothing there, and loses nothing by another one.
    let is_anew = session::is_anew(head, ctx);
    let client = if is_anew { Client::New } else { Client::Bound };
    let has_room = !is_anew || target.load.in_flight() < pool.settings.most_per_target;
    has_room && target.is_available() && target.admits(client) && !ctx.tried.contains(&target.address)
}

/// Whether the client's cookie names a target.
pub(super) fn is_bound(route: &Route, head: &RequestHeader) -> bool {
    let Serves::Upstream {
        pool,
        subset,
        sticky: Some(sticky),
    } = &route.serves
    else {
        return false;
    };
    bound(pool.rotation().of(*subset), sticky, &head.headers).is_some()
}

fn bound(rotation: &Rotation, sticky: &Sticky, headers: &HeaderMap) -> Option<Arc<Target>> {
    let tag = Tag::read(cookie(headers, &sticky.cookie)?)?;
    let mut targets = rotation.targets.iter();
    targets.find(|target| target.tag(&sticky.affinity).is(tag)).cloned()
}

/// No connection could be made: leave the target alone for a while, and go on to the next one.
pub(crate) fn not_connected(route: &Route, error: &mut Error, ctx: &mut RequestContext) {
    let Some((pool, subset)) = fallback::part(route, ctx) else {
        return;
    };
    if is_lack(error) {
        // It would be the same with another one, and this one is not to blame.
        ctx.attempt = None;
        error.etype = LACKING;
        error.set_retry(false);
        return;
    }
    ctx.tried.extend(ctx.target.as_ref().map(|target| target.address));
    if let Some(attempt) = ctx.attempt.take() {
        attempt.unreachable();
    }
    // Nothing was sent, so any method may be tried on every target there is, where any is tried again at all.
    let attempts = match route.retry.attempts {
        1 => 1,
        attempts => attempts.max(u32::try_from(pool.rotation().of(subset).targets.len()).unwrap_or(u32::MAX)),
    };
    let failure = failure(&Method::GET, Cause::NotConnected, true, ctx);
    error.set_retry(may_retry(route, (pool, subset), attempts, &failure, ctx) || fall_back(route, ctx));
}

/// The exchange broke off.
pub(crate) fn broke_off(route: &Route, error: &mut Error, exchange: &Exchange<'_>, ctx: &mut RequestContext) {
    if *error.etype() == RETRIED {
        // It was decided when the answer's head came.
        return;
    }
    error.set_retry(false);
    let Some((pool, subset)) = fallback::part(route, ctx) else {
        return;
    };
    if *error.esource() != ErrorSource::Upstream {
        return;
    }
    let cause = if exchange.answered {
        Cause::Answered
    } else {
        cause(error)
    };
    let failure = failure(exchange.method, cause, exchange.replayable, ctx);
    if exchange.reused && cause == Cause::Reset {
        // Most likely the service closed an idle connection just then: the target itself is well, and may be asked at once.
        pool.cells.failures.add();
        ctx.attempt = None;
        error.set_retry(may_retry(
            route,
            (pool, subset),
            route.retry.attempts.max(2),
            &failure,
            ctx,
        ));
        ctx.pause = Duration::ZERO;
        return;
    }
    ctx.tried.extend(ctx.target.as_ref().map(|target| target.address));
    match ctx.attempt.take() {
        Some(attempt) if cause == Cause::Timeout => attempt.timed_out(ctx.body_bytes, route.streaming.is_none()),
        Some(attempt) => attempt.failed(),
        None => {}
    }
    error.set_retry(may_retry(route, (pool, subset), route.retry.attempts, &failure, ctx));
}

/// How an exchange failed that no answer came of.
fn cause(error: &Error) -> Cause {
    match error.etype() {
        ErrorType::ReadTimedout | ErrorType::WriteTimedout => Cause::Timeout,
        _ => Cause::Reset,
    }
}

/// The present try failed, and another is under way that may still answer: nothing is to be decided yet.
pub(super) fn set_aside(ended: Ended, ctx: &mut RequestContext) {
    ctx.tried.extend(ctx.target.as_ref().map(|target| target.address));
    let (status, body) = (ended.status().unwrap_or_default(), ctx.body_bytes);
    let Some(mut attempt) = ctx.attempt.take() else {
        return;
    };
    match ended {
        Ended::NotConnected(error) if is_lack(&error) => {}
        Ended::NotConnected(_) => attempt.unreachable(),
        // An idle connection that was closed just then is nobody's failure.
        Ended::Broke { error, reused: true } if cause(&error) == Cause::Reset => {}
        Ended::Broke { .. } => attempt.failed(),
        Ended::Answered(_) => _ = attempt.answered(status, body, true),
    }
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

impl Exchange<'_> {
    /// One that breaks off in the middle of its answer.
    pub(crate) const ANSWERED: Self = Self {
        method: &Method::GET,
        reused: false,
        answered: true,
        replayable: false,
    };
}

fn failure<'a>(method: &'a Method, cause: Cause, replayable: bool, ctx: &RequestContext) -> Failure<'a> {
    Failure {
        method,
        cause,
        replayable,
        tries: ctx.tries(),
    }
}

/// Whether to try again: allowed, possible, in time, and within the budget, in this order, since the budget counts it.
fn may_retry(
    route: &Route,
    (pool, subset): (&Pool, Subset),
    attempts: u32,
    failure: &Failure<'_>,
    ctx: &mut RequestContext,
) -> bool {
    if !route.retry.allow(failure, attempts) {
        return false;
    }
    // A client that is bound to a draining target may try that one again.
    let own = ctx.target.as_ref().filter(|target| target.admits(Client::Bound));
    let another = own.is_some_and(|own| !ctx.tried.contains(&own.address)) || pool.has_another(subset, &ctx.tried);
    let pause = backoff(failure.tries, rand::random());
    let in_time = ctx.deadline().is_none_or(|deadline| Instant::now() + pause < deadline);
    if !another || !in_time {
        return false;
    }
    let is_within = pool.state.budget.retry(route.retry_budget, clock::now());
    if is_within {
        pool.cells.retries.add();
        ctx.pause = pause;
    } else {
        pool.cells.retries_refused.add();
    }
    is_within
}

/// Marks an answer that is thrown away for another try.
const RETRIED: ErrorType = ErrorType::Custom("Retried");

/// The answer's head is there, and nothing of it has gone to the client.
///
/// # Errors
/// It is not passed on: another target is asked.
pub(crate) fn answered(
    route: &Route,
    method: &Method,
    status: u16,
    replayable: bool,
    ctx: &mut RequestContext,
) -> pingora_error::Result<()> {
    let body = ctx.body_bytes;
    let took = { &mut ctx.attempt }
        .as_mut()
        .map(|attempt| attempt.answered(status, body, route.streaming.is_none()));
    ctx.upstream_time = took;
    let Some((pool, subset)) = fallback::part(route, ctx) else {
        return Ok(());
    };
    if !route.retry.on_status.has(status) {
        return Ok(());
    }
    let mark = ctx.tried.len();
    ctx.tried.extend(ctx.target.as_ref().map(|target| target.address));
    let failure = failure(method, Cause::Status(status), replayable, ctx);
    if !may_retry(route, (pool, subset), route.retry.attempts, &failure, ctx) {
        ctx.tried.truncate(mark);
        return Ok(());
    }
    let mut error = Error::explain(RETRIED, "another target is asked").into_up();
    error.set_retry(true);
    Err(error)
}

/// The upstream of the request's route.
pub(crate) fn upstream_name(ctx: &RequestContext) -> Option<&Arc<str>> {
    fallback::part(ctx.route.as_ref()?, ctx).map(|(pool, _)| &pool.name)
}
