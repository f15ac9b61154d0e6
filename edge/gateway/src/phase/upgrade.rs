//! Upgrade: the road of WebSockets, from the admitted request to the open tunnel.
//!
//! Pingora has a road of its own for them, but loses some: it tells the end of the request's (empty) body after the
//! head, and where the service's `101` comes first, that end is taken for the client's and closes the tunnel (its
//! defect 946; measured on a busy machine: 2 of 100). So they are asked for here, with the same select, forward and
//! respond as everything else.

use super::{
    ask::{Wish, ask, listen},
    relay, respond,
};
use crate::{
    context::RequestContext,
    edge::Edge,
    generation::Route,
    heads::Head,
    problem::Stop,
    standing::Standing,
    tunnel::{self, End, Label, client, handshake},
};
use bytes::Bytes;
use edge_config::Streaming;
use futures::FutureExt;
use http::{StatusCode, header};
use pingora_core::protocols::http::v1::client::HttpSession;
use pingora_error::{Error, ErrorType};
use pingora_proxy::Session;
use std::sync::Arc;

/// Whether this request goes this way. Others of the same route are plain requests, long polls most of them.
pub(crate) fn is_wanted(route: &Route, session: &mut Session) -> bool {
    route.streaming == Some(Streaming::Websocket)
        && client::is_takeable(session)
        && handshake::is_request(session.req_header())
        && session.is_body_empty()
}

/// Asks a service, and opens the tunnel; or relays the answer of a service that does not want it.
pub(crate) async fn open(
    edge: &Arc<Edge>,
    route: &Arc<Route>,
    session: &mut Session,
    ctx: &mut RequestContext,
) -> Result<(), Stop> {
    let mut standing = Standing::of(edge, route, false, ctx);
    listen(session, true);
    let switched = switched(edge, route, session, &mut standing, ctx).await;
    listen(session, false);
    let Some(mut service) = switched? else {
        return Ok(());
    };
    let Some(mut response) = service.resp_header().cloned() else {
        return Err(Error::explain(ErrorType::InternalError, "an answer without a head").into());
    };
    // It has no body (RFC 9110, section 15.2), whatever a service says.
    response.change(|fields| {
        fields.remove(header::CONTENT_LENGTH);
        fields.remove(header::TRANSFER_ENCODING);
    });
    respond::service(session.req_header(), &mut response, ctx)?;
    response.change(handshake::switches);
    let client = client::take(session, response).await?;
    let early = match service.read_body_bytes().now_or_never() {
        Some(Ok(Some(early))) => early,
        // Nothing yet, or an end or a failure that the stream will tell again.
        Some(Ok(None) | Err(_)) | None => Bytes::new(),
    };
    let service = End {
        stream: service.into_inner(),
        early,
    };
    let label = Label::of(edge, ctx);
    tunnel::start(client, service, ctx.hand_over(), standing, label);
    Ok(())
}

/// The connection to the service that switches; none where one answers for itself, and was heard out.
async fn switched(
    edge: &Arc<Edge>,
    route: &Route,
    session: &mut Session,
    standing: &mut Standing,
    ctx: &mut RequestContext,
) -> Result<Option<HttpSession>, Stop> {
    let asked = ask(edge, route, Wish::Upgrade, session, standing, ctx).await?;
    if asked.0.get_status() == Some(StatusCode::SWITCHING_PROTOCOLS) {
        return Ok(Some(asked.0));
    }
    relay::answer(edge, session, asked, standing, ctx).await?;
    Ok(None)
}
