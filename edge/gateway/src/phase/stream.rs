//! Stream: the road of answers that stay open for somebody: event streams, and the long polls of Socket.IO.
//!
//! Pingora's own road cannot be left once an answer has begun, unless it moves; a revoked token has to end a stream that is
//! silent, and in good order, and so has a target that is drained. So these are asked for here, with the same select, forward and
//! respond as everything else.

use super::relay;
use crate::{context::RequestContext, edge::Edge, generation::Route, problem::Stop, standing::Standing};
use edge_config::Streaming;
use edge_policy::balance::engine_io;
use http::{Method, Version};
use pingora_proxy::Session;
use std::sync::Arc;

/// Whether this request goes this way.
pub(crate) fn is_wanted(route: &Route, session: &mut Session) -> bool {
    let head = session.req_header();
    route.streaming.is_some()
        && head.method == Method::GET
        && matches!(head.version, Version::HTTP_11 | Version::HTTP_2)
        && session.is_body_empty()
}

/// Asks a service, and passes its answer on until either side ends it or the caller may not go on.
pub(crate) async fn pass(
    edge: &Arc<Edge>,
    route: &Arc<Route>,
    session: &mut Session,
    ctx: &mut RequestContext,
) -> Result<(), Stop> {
    let query = session.req_header().uri.query();
    let is_poll =
        route.streaming == Some(Streaming::Websocket) && query.and_then(engine_io::session_of_query).is_some();
    let mut standing = Standing::of(edge, route, is_poll, ctx);
    relay::ask_and_answer(edge, route, session, &mut standing, ctx).await
}
