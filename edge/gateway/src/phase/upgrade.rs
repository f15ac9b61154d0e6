//! Upgrade: the road of WebSockets, from the admitted request to the open tunnel.
//!
//! Pingora has a road of its own for them, but loses some: it tells the end of the request's (empty) body after the
//! head, and where the service's `101` comes first, that end is taken for the client's and closes the tunnel (its
//! defect 946; measured on a busy machine: 2 of 100). So they are asked for here, with the same select, forward and
//! respond as everything else.

use super::{Serving, forward, respond, select};
use crate::{
    context::RequestContext,
    edge::Edge,
    generation::Route,
    heads::Head,
    problem::Stop,
    standing::Standing,
    tunnel::{self, End, Label, Terms, client, handshake},
};
use bytes::Bytes;
use edge_config::Streaming;
use futures::FutureExt;
use http::{HeaderValue, Method, StatusCode, Version, header};
use pingora_core::protocols::http::v1::client::HttpSession;
use pingora_error::{Error, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::Session;
use std::sync::Arc;
use tokio::time::Instant;

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
    let standing = Standing::of(route, ctx);
    let mut service = ask(edge, route, session, ctx).await?;
    let Some(mut response) = service.resp_header().cloned() else {
        return Err(Error::explain(ErrorType::InternalError, "an answer without a head").into());
    };
    if response.status != StatusCode::SWITCHING_PROTOCOLS {
        service.read_timeout = Some(route.request_timeout);
        return Ok(relay(session, service, response, ctx).await?);
    }
    // It has no body (RFC 9110, section 15.2), whatever a service says.
    response.change(|fields| {
        fields.remove(header::CONTENT_LENGTH);
        fields.remove(header::TRANSFER_ENCODING);
    });
    respond::decorate(&session.req_header().headers, &mut response, ctx)?;
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
    let label = Label {
        request_id: ctx.request_id.clone(),
        route: Arc::clone(&route.name),
        target_address: ctx
            .target
            .as_ref()
            .map_or_else(String::new, |target| target.address_text.to_string()),
    };
    tunnel::start(
        client,
        service,
        ctx.hand_over(),
        Terms::new(standing, &edge.closing),
        label,
    );
    Ok(())
}

/// Asks one target after the other until one answers, as long as the client waits.
async fn ask(
    edge: &Arc<Edge>,
    route: &Arc<Route>,
    session: &mut Session,
    ctx: &mut RequestContext,
) -> Result<HttpSession, Stop> {
    let deadline = Instant::from_std(ctx.began + route.request_timeout);
    loop {
        select::pause(ctx).await;
        let peer = select::select(&Serving(edge), route, session.req_header(), ctx)?;
        let head = head(edge.service_token.as_ref(), route, session.req_header(), ctx)?;
        let stream = match client::while_there(session, edge.dialer.new_stream(&peer)).await? {
            Ok(stream) => stream,
            Err(mut error) => {
                select::not_connected(route, &mut error, ctx);
                if error.retry() {
                    continue;
                }
                return Err(error.into_up().into());
            }
        };
        let mut error = match client::while_there(session, handshake::ask(stream, head, deadline)).await? {
            Ok(service) => {
                let status = service.get_status().map_or(0, |status| status.as_u16());
                match select::answered(route, &Method::GET, status, true, ctx) {
                    Ok(()) => return Ok(service),
                    Err(_) => continue,
                }
            }
            Err(error) => error,
        };
        let exchange = select::Exchange {
            method: &Method::GET,
            reused: false,
            answered: false,
            replayable: true,
        };
        select::broke_off(route, &mut error, &exchange, ctx);
        if !error.retry() {
            return Err(error.into());
        }
    }
}

/// The head that asks a service for an upgrade. `token` is the edge's own.
pub(crate) fn head(
    token: Option<&HeaderValue>,
    route: &Route,
    client: &RequestHeader,
    ctx: &RequestContext,
) -> Result<RequestHeader> {
    let mut head = client.clone();
    head.change(handshake::for_service);
    forward::head(token, route, &mut head, ctx)?;
    Ok(head)
}

/// The service's own answer: it does not switch.
async fn relay(
    session: &mut Session,
    mut service: HttpSession,
    mut response: ResponseHeader,
    ctx: &RequestContext,
) -> Result<()> {
    let bare = service.is_body_done();
    let framed = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
        .iter()
        .any(|name| response.headers.contains_key(name));
    if !bare && !framed {
        // It ends with the service's connection, which is not the client's.
        response.set_version(Version::HTTP_11);
        response.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    respond::decorate(&session.req_header().headers, &mut response, ctx)?;
    session.write_response_header(Box::new(response), bare).await?;
    while let Some(piece) = service.read_body_bytes().await.map_err(Error::into_up)? {
        session.write_response_body(Some(piece), false).await?;
    }
    session.write_response_body(None, true).await
}
