//! Record: counters and the access log, once a request, whatever became of it.

use super::cache;
use crate::{
    access_log::Line,
    context::RequestContext,
    edge::Edge,
    generation::{Route, Serves},
};
use edge_policy::{cache::Outcome, client_ip, identity::Identity};
use pingora_proxy::Session;

/// Adds one line and counts one answer.
pub(crate) fn record(edge: &Edge, session: &Session, ctx: &RequestContext) {
    let status = session
        .response_written()
        .map_or(0, |response| response.status.as_u16());
    let cached = cache::outcome(session, ctx);
    if cache::is_refresh(session) {
        // Nobody's request: it is told, and counts as none.
        let line = |line: &mut Line<'_>| describe(line, status, cached, session, ctx);
        edge.access_log.add("cache refresh", line);
        return;
    }
    if let Some(outcome) = cached {
        edge.metrics.cache.answered(outcome);
    }
    let cells = ctx
        .route
        .as_ref()
        .map_or(&ctx.generation.unrouted, |route| &route.cells);
    cells.answered(status);
    if let Some(Serves::Upstream { pool, .. }) = fell_back(ctx).map(|route| &route.serves) {
        pool.cells.fallbacks.add();
    }
    edge.access_log
        .add("request", |line| describe(line, status, cached, session, ctx));
}

/// The route whose fallback took the request over.
fn fell_back(ctx: &RequestContext) -> Option<&Route> {
    ctx.route.as_deref().filter(|_| ctx.fell_back.is_some())
}

fn describe(line: &mut Line<'_>, status: u16, cached: Option<Outcome>, session: &Session, ctx: &RequestContext) {
    let head = session.req_header();
    line.text("method", head.method.as_str());
    // The path alone: queries carry tokens and search words.
    line.text("path", head.uri.path());
    line.number("status", status.into());
    line.text("code", ctx.code.map_or("", shared_contracts::Code::as_str));
    line.text("route", ctx.route.as_ref().map_or("-", |route| &*route.name));
    if let Some(operation) = ctx.operation.as_ref().and_then(|operation| operation.name.as_deref()) {
        line.text("operation", operation);
    }
    if let Some(outcome) = cached {
        line.text("cache", outcome.word());
    }
    line.text(
        "target_address",
        ctx.target.as_ref().map_or("", |target| &*target.address_text),
    );
    if let Some(fallback) = fell_back(ctx).and_then(|route| route.fallback.as_ref()) {
        line.text("fallback", fallback.word());
    }
    line.number("attempts", ctx.attempts.into());
    if ctx.hedges > 0 {
        line.text("hedge", if ctx.hedge_won { "won" } else { "lost" });
    }
    if let Some(time) = ctx.upstream_time {
        line.time("upstream_us", time);
    }
    line.time("total_us", ctx.began.elapsed());
    line.number("sent", u64::try_from(session.body_bytes_sent()).unwrap_or(u64::MAX));
    line.text("client", &client_ip::text(ctx.client));
    line.text(
        "user",
        match &ctx.identity {
            Identity::User(verified) => verified.sub.as_str(),
            Identity::Anonymous | Identity::Rejected(_) => "",
        },
    );
    line.text("request_id", &ctx.request_id);
}
