//! Stream: the road of answers that stay open for somebody: event streams, and the long polls of Socket.IO.
//!
//! Pingora's own road cannot be left once an answer has begun, unless it moves; a revoked token has to end a stream that is
//! silent, and in good order. So these are asked for here, with the same select, forward and respond as everything else. Nobody's
//! streams go Pingora's way: there is nothing to revoke.

use super::{Serving, admit, forward, respond, select};
use crate::{
    context::RequestContext,
    edge::Edge,
    generation::Route,
    heads::Head,
    problem::Stop,
    standing::{self, Over, Standing},
    tunnel::handshake,
};
use bytes::Bytes;
use http::{HeaderValue, Method, Version, header};
use pingora_core::{
    protocols::http::{ServerSession, v1::client::HttpSession},
    upstreams::peer::{HttpPeer, Peer},
};
use pingora_error::{Error, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::Session;
use std::sync::Arc;
use tokio::time::Instant;

/// Whether this request goes this way.
pub(crate) fn is_wanted(route: &Route, session: &mut Session, ctx: &RequestContext) -> bool {
    let head = session.req_header();
    route.streaming.is_some()
        && ctx.identity.claims().is_some()
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
    let mut standing = Standing::of(route, ctx);
    // What a client sends ahead is its next request.
    pipelines(session, true);
    let passed = pass_for(edge, route, session, &mut standing, ctx).await;
    pipelines(session, false);
    passed
}

fn pipelines(session: &mut Session, enabled: bool) {
    if let ServerSession::H1(client) = session.as_downstream_mut() {
        client.set_pipelining_enabled(enabled);
    }
}

async fn pass_for(
    edge: &Arc<Edge>,
    route: &Arc<Route>,
    session: &mut Session,
    standing: &mut Option<Standing>,
    ctx: &mut RequestContext,
) -> Result<(), Stop> {
    let (mut service, peer) = ask(edge, route, session, standing, ctx).await?;
    let Some(response) = service.resp_header().cloned() else {
        return Err(Error::explain(ErrorType::InternalError, "an answer without a head").into());
    };
    begin(session, &mut service, response, ctx).await?;
    if relay(session, &mut service, standing, ctx).await?.is_some() {
        // The service learns it by the end of its connection.
        service.shutdown().await;
        return Ok(());
    }
    service.respect_keepalive();
    if let Some(stream) = service.reuse().await {
        edge.dialer
            .release_stream(stream, peer.reuse_hash(), peer.idle_timeout());
    }
    Ok(())
}

/// The head that a service is sent.
fn head(
    token: Option<&HeaderValue>,
    route: &Route,
    client: &RequestHeader,
    ctx: &RequestContext,
) -> Result<RequestHeader> {
    let mut head = client.clone();
    head.set_version(Version::HTTP_11);
    head.change(|fields| {
        handshake::for_next(fields);
        fields.remove(header::UPGRADE);
    });
    forward::head(token, route, &mut head, ctx)?;
    Ok(head)
}

/// Asks one target after the other until one answers, as long as the client waits and may.
async fn ask(
    edge: &Arc<Edge>,
    route: &Arc<Route>,
    session: &mut Session,
    standing: &mut Option<Standing>,
    ctx: &mut RequestContext,
) -> Result<(HttpSession, HttpPeer), Stop> {
    loop {
        select::pause(ctx).await;
        let peer = select::select(&Serving(edge), route, session.req_header(), ctx)?;
        let head = head(edge.service_token.as_ref(), route, session.req_header(), ctx)?;
        let connected = wait(session, standing, edge.dialer.get_stream(&peer)).await?;
        let (stream, reused) = match connected {
            Ok(connected) => connected,
            Err(mut error) => {
                select::not_connected(route, &mut error, ctx);
                if error.retry() {
                    continue;
                }
                return Err(error.into_up().into());
            }
        };
        let patience = peer.options.read_timeout.unwrap_or(route.request_timeout);
        let answered = handshake::exchange(stream, head, Instant::now() + patience);
        let mut error = match wait(session, standing, answered).await? {
            Ok(mut service) => {
                let status = service.get_status().map_or(0, |status| status.as_u16());
                if select::answered(route, &Method::GET, status, true, ctx).is_err() {
                    continue;
                }
                service.read_timeout = peer.options.read_timeout;
                return Ok((service, peer));
            }
            Err(error) => error,
        };
        let exchange = select::Exchange {
            method: &Method::GET,
            reused,
            answered: false,
            replayable: true,
        };
        select::broke_off(route, &mut error, &exchange, ctx);
        if !error.retry() {
            return Err(error.into());
        }
    }
}

/// Does `work` for as long as the client is there and may go on. Nothing is answered yet, so that it can be told the reason.
async fn wait<T>(
    session: &mut Session,
    standing: &mut Option<Standing>,
    work: impl Future<Output = T>,
) -> Result<T, Stop> {
    tokio::select! {
        biased;
        done = work => Ok(done),
        over = standing::over(standing) => Err(admit::refusal(over.code()).into()),
        gone = gone(session) => Err(gone.into()),
    }
}

/// Returns when the client has left.
async fn gone(session: &mut Session) -> Box<Error> {
    loop {
        // It has no body: what it sends belongs to the next request, and is put by.
        if let Err(error) = session.as_downstream_mut().read_body_or_idle(true).await {
            return error.into_down();
        }
    }
}

async fn begin(
    session: &mut Session,
    service: &mut HttpSession,
    mut response: ResponseHeader,
    ctx: &RequestContext,
) -> Result<()> {
    response.remove_header(&header::CONNECTION);
    let framed = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
        .iter()
        .any(|name| response.headers.contains_key(name));
    let bare = service.is_body_done();
    if !bare && !framed {
        // It ends with the service's connection, which is not the client's.
        response.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    response.set_version(Version::HTTP_11);
    respond::decorate(&session.req_header().headers, &mut response, ctx)?;
    session
        .write_response_header(Box::new(response), bare)
        .await
        .map_err(Error::into_down)
}

/// Passes the body on. Tells why it was ended, if it was not the service that did.
async fn relay(
    session: &mut Session,
    service: &mut HttpSession,
    standing: &mut Option<Standing>,
    ctx: &RequestContext,
) -> Result<Option<Over>> {
    loop {
        let piece = tokio::select! {
            biased;
            over = standing::over(standing) => {
                end(session, over, ctx).await?;
                return Ok(Some(over));
            }
            piece = service.read_body_bytes() => piece.map_err(Error::into_up)?,
            gone = gone(session) => return Err(gone),
        };
        select::learn_session(session.req_header(), piece.as_ref(), ctx);
        let Some(piece) = piece else {
            end_body(session).await?;
            return Ok(None);
        };
        tokio::select! {
            biased;
            written = write(session, piece) => written?,
            // It takes nothing any more, and is owed nothing.
            over = standing::over(standing) => {
                let explained = "a client that may not go on, and does not read";
                tracing::debug!(?over, request_id = ctx.request_id, explained);
                return Err(Error::explain(ErrorType::ConnectionClosed, explained).into_down());
            }
        }
    }
}

async fn write(session: &mut Session, piece: Bytes) -> Result<()> {
    session
        .write_response_body(Some(piece), false)
        .await
        .map_err(Error::into_down)
}

async fn end_body(session: &mut Session) -> Result<()> {
    session.write_response_body(None, true).await.map_err(Error::into_down)
}

/// Ends an answer that has begun: its events were whole, and so is what the client has of them.
async fn end(session: &mut Session, over: Over, ctx: &RequestContext) -> Result<()> {
    tracing::info!(target: "edge::access", why = ?over, request_id = ctx.request_id, "stream ended");
    session.set_keepalive(None);
    end_body(session).await
}
