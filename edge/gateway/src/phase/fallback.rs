//! Fallback: what answers when the route's own upstream cannot be asked. Then nothing of the request was sent to anyone, or it is one
//! that may be sent again; so any method may go on to the other upstream. There is one hop: what is away there too is told.

use crate::{
    context::RequestContext,
    generation::{Fallback, FixedAnswer, Route, Serves},
    upstream::{Pool, Subset},
};
use shared_contracts::Code;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The upstream that the request is at, and which of its targets are meant.
pub(crate) fn part<'r>(route: &'r Route, ctx: &RequestContext) -> Option<(&'r Arc<Pool>, Subset)> {
    let Serves::Upstream { pool, subset, .. } = &route.serves else {
        return None;
    };
    let other = route.fallback.as_ref().filter(|_| ctx.fell_back.is_some());
    let other = other.and_then(Fallback::upstream);
    Some(other.map_or((pool, *subset), |other| (other, Subset::ALL)))
}

/// Goes on to the other upstream, where there is one, it is not there yet, and there is time.
pub(crate) fn fall_back(route: &Route, ctx: &mut RequestContext) -> bool {
    let other = route.fallback.as_ref().and_then(Fallback::upstream);
    let in_time = ctx.deadline().is_none_or(|deadline| Instant::now() < deadline);
    if other.is_none() || ctx.fell_back.is_some() || !in_time {
        return false;
    }
    ctx.falls_back();
    ctx.tried.clear();
    ctx.set_cookie = None;
    ctx.pause = Duration::ZERO;
    true
}

/// The edge's own answer in place of this refusal, where the route has one.
pub(crate) fn instead_of(code: Code, ctx: &mut RequestContext) -> Option<Arc<FixedAnswer>> {
    let is_away = matches!(code, Code::CircuitOpen | Code::NoTarget | Code::UpstreamUnavailable);
    let route = ctx.route.as_ref().filter(|_| is_away)?;
    let Some(Fallback::Answer(answer)) = &route.fallback else {
        return None;
    };
    let answer = Arc::clone(answer);
    ctx.falls_back();
    Some(answer)
}
