//! Hedge: the road of requests that may be asked of two targets at once. Pingora's has one target at a time, so they are asked for here,
//! with the same select, forward and respond as everything else.

use super::{
    ask::{Asking, Ended},
    forward, relay, select,
};
use crate::{
    context::RequestContext,
    edge::Edge,
    generation::{Route, Serves},
    heads::Head,
    problem::Stop,
    standing::Standing,
    upstream::{Attempt, Pool, Subset, Target, clock},
};
use http::{Method, Version};
use pingora_core::upstreams::peer::HttpPeer;
use pingora_http::RequestHeader;
use pingora_proxy::Session;
use std::{mem, pin::pin, sync::Arc, time::Duration};
use tokio::time::sleep;

/// Whether this request goes this way: nothing is done twice by asking twice, and nothing keeps it at one target.
pub(crate) fn is_wanted(route: &Route, session: &mut Session) -> bool {
    route.hedge.is_some()
        && matches!(route.serves, Serves::Upstream { sticky: None, .. })
        && matches!(session.req_header().method, Method::GET | Method::HEAD)
        && matches!(session.req_header().version, Version::HTTP_11 | Version::HTTP_2)
        && session.is_body_empty()
}

/// Asks, and passes the answer on that came first.
pub(crate) async fn pass(
    edge: &Arc<Edge>,
    route: &Arc<Route>,
    session: &mut Session,
    ctx: &mut RequestContext,
) -> Result<(), Stop> {
    select::enter(&super::Serving(edge), route, session.req_header(), ctx).await?;
    if let Serves::Upstream { pool, .. } = &route.serves {
        pool.state.hedges.request(clock::now());
    }
    let mut standing = Standing::free();
    relay::ask_and_answer(edge, route, session, &mut standing, ctx).await
}

/// What it takes to ask a second target.
pub(super) struct Hedge<'r> {
    pool: &'r Arc<Pool>,
    subset: Subset,
    /// What keeps the request at one target, where anything does.
    key: u64,
    share: f32,
    /// When, counted from the first try's begin; none where that is not known.
    delay: Option<Duration>,
}

impl<'r> Hedge<'r> {
    /// Of a request that may be hedged, and has not been yet. A fallback is not hedged.
    pub(super) fn of(route: &'r Route, head: &RequestHeader, ctx: &RequestContext) -> Option<Self> {
        let terms = route.hedge.as_ref()?;
        let Serves::Upstream { pool, subset, .. } = &route.serves else {
            return None;
        };
        (ctx.hedges == 0 && ctx.fell_back.is_none()).then(|| Self {
            pool,
            subset: *subset,
            key: pool.settings.ring_key.place(&head.headers, ctx.client).0,
            share: terms.share,
            delay: pool.state.hedges.delay(terms.after, clock::now()),
        })
    }

    /// The head of an answer came.
    pub(super) fn answered(&self, status: u16, ctx: &RequestContext) {
        if let Some(took) = ctx.upstream_time.filter(|_| !self.pool.settings.failures.has(status)) {
            self.pool.state.hedges.waited(took, clock::now());
        }
    }

    /// Asks a target, and another one if the first takes long. The first good answer counts, and the other request is dropped with its
    /// connection. What comes back belongs to the try that the context has as the present one.
    pub(super) async fn race(
        &self,
        asking: &Asking<'_>,
        (peer, head): (HttpPeer, RequestHeader),
        ctx: &mut RequestContext,
    ) -> Ended {
        let Some(delay) = self.delay else {
            return asking.at(peer, head).await;
        };
        let mut first = pin!(asking.at(peer, head.clone()));
        tokio::select! {
            biased;
            ended = &mut first => return ended,
            () = sleep(delay) => {}
        }
        let Some((peer, head, mut other)) = self.second(asking, head, ctx) else {
            return first.await;
        };
        let mut second = pin!(asking.at(peer, head));
        let (ended, is_second) = tokio::select! {
            biased;
            ended = &mut first => (ended, false),
            ended = &mut second => (ended, true),
        };
        if is_second {
            other.swap(ctx);
        }
        if self.is_good(asking.route, &ended) {
            other.attempt.into_iter().for_each(Attempt::overtaken);
            self.won(is_second, ctx);
            return ended;
        }
        // It failed, and the other one may still answer.
        select::set_aside(ended, ctx);
        other.swap(ctx);
        let ended = if is_second { first.await } else { second.await };
        self.won(!is_second && self.is_good(asking.route, &ended), ctx);
        ended
    }

    /// The try at a second target, which begins now, as the first has not answered.
    fn second(
        &self,
        asking: &Asking<'_>,
        mut head: RequestHeader,
        ctx: &mut RequestContext,
    ) -> Option<(HttpPeer, RequestHeader, Lane)> {
        let mut tried = ctx.tried.clone();
        tried.extend(ctx.target.as_ref().map(|target| target.address));
        let (target, attempt) = self.pool.hedge(self.subset, &tried, self.key, self.share)?;
        ctx.attempts += 1;
        ctx.hedges += 1;
        head.change(|fields| forward::again(asking.route, fields, ctx));
        let peer = select::peer_at(asking.route, self.pool, &target, true, ctx);
        let lane = Lane {
            target: Some(target),
            attempt: Some(attempt),
        };
        Some((peer, head, lane))
    }

    /// Whether an answer counts, while another one may come.
    fn is_good(&self, route: &Route, ended: &Ended) -> bool {
        let failed = |status| route.retry.on_status.has(status) || self.pool.settings.failures.has(status);
        ended.status().is_some_and(|status| !failed(status))
    }

    fn won(&self, won: bool, ctx: &mut RequestContext) {
        if won {
            self.pool.cells.hedges_won.add();
            ctx.hedge_won = true;
        }
    }
}

/// The try that is not the present one.
struct Lane {
    target: Option<Arc<Target>>,
    attempt: Option<Attempt>,
}

impl Lane {
    /// Makes it the present one, and the present one this.
    fn swap(&mut self, ctx: &mut RequestContext) {
        mem::swap(&mut self.target, &mut ctx.target);
        mem::swap(&mut self.attempt, &mut ctx.attempt);
    }
}
