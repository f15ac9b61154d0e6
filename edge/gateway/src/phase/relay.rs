//! Relay: the answer of a service that was asked beside Pingora's road, passed on piece by piece. What the client does not take is not
//! read from the service either.

use super::{
    ask::{Asked, gone},
    respond, select,
};
use crate::{
    context::RequestContext,
    edge::Edge,
    standing::{self, Over, Standing},
};
use bytes::Bytes;
use http::header;
use pingora_core::{protocols::http::v1::client::HttpSession, upstreams::peer::Peer};
use pingora_error::{Error, ErrorType, Result};
use pingora_http::ResponseHeader;
use pingora_proxy::Session;
use std::time::Instant;

/// Passes a service's answer on, until either side ends it, the caller may not go on, or the request's time is over. The client is
/// listened to.
pub(super) async fn answer(
    edge: &Edge,
    session: &mut Session,
    (mut service, peer): Asked,
    standing: &mut Option<Standing>,
    ctx: &mut RequestContext,
) -> Result<()> {
    let Some(response) = service.resp_header().cloned() else {
        return Err(Error::explain(ErrorType::InternalError, "an answer without a head"));
    };
    let bare = begin(session, &mut service, response, ctx).await?;
    if !bare && let Some(over) = relay(session, &mut service, standing, ctx).await? {
        edge.access_log.add("stream ended", |line| {
            line.text("why", &format!("{over:?}"));
            line.text("request_id", &ctx.request_id);
        });
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

/// Sends the head; tells whether nothing follows it.
async fn begin(
    session: &mut Session,
    service: &mut HttpSession,
    mut response: ResponseHeader,
    ctx: &mut RequestContext,
) -> Result<bool> {
    response.remove_header(&header::CONNECTION);
    let framed = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
        .iter()
        .any(|name| response.headers.contains_key(name));
    let bare = service.is_body_done();
    if !bare && !framed {
        // It ends with the service's connection, which is not the client's.
        response.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    respond::service(session.req_header(), &mut response, ctx)?;
    session
        .write_response_header(Box::new(response), bare)
        .await
        .map_err(Error::into_down)?;
    Ok(bare)
}

/// Passes the body on. Tells why it was ended, if it was not the service that did.
async fn relay(
    session: &mut Session,
    service: &mut HttpSession,
    standing: &mut Option<Standing>,
    ctx: &mut RequestContext,
) -> Result<Option<Over>> {
    loop {
        let mut piece = tokio::select! {
            biased;
            over = standing::over(standing) => {
                // Its events were whole, and so is what the client has of them.
                session.set_keepalive(None);
                let mut last = None;
                respond::encode(&mut last, true, ctx)?;
                end(session, last).await?;
                return Ok(Some(over));
            }
            piece = service.read_body_bytes() => piece.map_err(|error| broke_off(error, ctx))?,
            gone = gone(session) => return Err(gone),
        };
        select::learn_session(session.req_header(), piece.as_ref(), ctx);
        let is_end = piece.is_none();
        if !is_end && ctx.deadline().is_some_and(|deadline| Instant::now() > deadline) {
            let late = Error::explain(ErrorType::ReadTimedout, "the answer takes longer than the route allows");
            return Err(broke_off(late, ctx));
        }
        respond::encode(&mut piece, is_end, ctx)?;
        if is_end {
            // The service is done; the client may read as slowly as it likes.
            ctx.slot = None;
            return end(session, piece).await.map(|()| None);
        }
        // An encoder may wait for more.
        let Some(piece) = piece else { continue };
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

/// The service's answer ends before its end, which is the target's failure.
fn broke_off(error: Box<Error>, ctx: &mut RequestContext) -> Box<Error> {
    let mut error = error.into_up();
    if let Some(route) = ctx.route.clone() {
        select::broke_off(&route, &mut error, &select::Exchange::ANSWERED, ctx);
    }
    error
}

async fn write(session: &mut Session, piece: Bytes) -> Result<()> {
    session
        .write_response_body(Some(piece), false)
        .await
        .map_err(Error::into_down)
}

async fn end(session: &mut Session, last: Option<Bytes>) -> Result<()> {
    session.write_response_body(last, true).await.map_err(Error::into_down)
}
