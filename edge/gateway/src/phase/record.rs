//! Record: counters and the access log, once a request, whatever became of it.

use crate::context::RequestContext;
use edge_policy::identity::Identity;
use pingora_proxy::Session;

/// Writes one line and counts one answer.
pub(crate) fn record(session: &Session, ctx: &RequestContext) {
    let status = session
        .response_written()
        .map_or(0, |response| response.status.as_u16());
    let cells = ctx
        .route
        .as_ref()
        .map_or(&ctx.generation.unrouted, |route| &route.cells);
    cells.answered(status);
    if !tracing::enabled!(target: "edge::access", tracing::Level::INFO) {
        return;
    }
    let head = session.req_header();
    let user = match &ctx.identity {
        Identity::User(verified) => verified.sub.as_str(),
        Identity::Anonymous | Identity::Rejected(_) => "",
    };
    tracing::info!(
        target: "edge::access",
        method = head.method.as_str(),
        // The path alone: queries carry tokens and search words.
        path = head.uri.path(),
        status,
        code = ctx.code.map_or("", shared_contracts::Code::as_str),
        route = ctx.route.as_ref().map_or("-", |route| &*route.name),
        operation = ctx.operation.as_ref().and_then(|operation| operation.name.as_deref()),
        target_address = ctx.target.as_ref().map_or("", |target| &*target.address_text),
        attempts = ctx.attempts,
        upstream_us = ctx.upstream_time.map(micros),
        total_us = micros(ctx.began.elapsed()),
        sent = session.body_bytes_sent(),
        client = %ctx.client,
        user,
        request_id = ctx.request_id,
        "request",
    );
}

fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
