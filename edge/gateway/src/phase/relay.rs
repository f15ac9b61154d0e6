//! Relay: the answer of a service that was asked beside Pingora's road, passed on piece by piece. What the client does not take is not
//! read from the service either.

use super::{
    ask::{Asked, Wish, ask, gone, listen},
    respond, select, session,
};
use crate::{
    context::RequestContext,
    edge::Edge,
    generation::Route,
    problem::Stop,
    standing::{Over, Standing},
    tunnel::{self, End, Events, Label, client},
    upstream::HeadFirst,
};
use bytes::Bytes;
use edge_config::Streaming;
use http::{StatusCode, header};
use pingora_core::protocols::http::v1::client::HttpSession;
use pingora_error::{Error, ErrorType, Result};
use pingora_http::ResponseHeader;
use pingora_proxy::Session;
use std::{mem, sync::Arc, time::Instant};

/// Asks a service, and passes its answer on. What the client sends meanwhile is put by.
pub(super) async fn ask_and_answer(
    edge: &Arc<Edge>,
    route: &Route,
    session: &mut Session,
    standing: &mut Standing,
    ctx: &mut RequestContext,
) -> Result<(), Stop> {
    listen(session, true);
    let passed = async {
        let asked = ask(edge, route, Wish::Answer, session, standing, ctx).await?;
        Ok(answer(edge, session, asked, standing, ctx).await?)
    };
    let passed = passed.await;
    listen(session, false);
    passed
}

/// Passes a service's answer on, until either side ends it, the caller may not go on, or the request's time is over. The client is
/// listened to.
pub(super) async fn answer(
    edge: &Edge,
    session: &mut Session,
    (mut service, peer): Asked,
    standing: &mut Standing,
    ctx: &mut RequestContext,
) -> Result<()> {
    let Some(response) = service.resp_header().cloned() else {
        return Err(Error::explain(ErrorType::InternalError, "an answer without a head"));
    };
    if is_left_alone(session, &service, &response, ctx) {
        return leave_alone(edge, session, service, response, standing, ctx).await;
    }
    let bare = begin(session, &mut service, response, ctx).await?;
    if !bare && let Some(over) = relay(edge, session, &mut service, standing, ctx).await? {
        edge.access_log.add("stream ended", |line| {
            line.text("why", &format!("{over:?}"));
            line.text("request_id", &ctx.request_id);
        });
        // The service learns it by the end of its connection.
        service.shutdown().await;
        return Ok(());
    }
    service.respect_keepalive();
    if let Some(stream) = service.reuse().await.and_then(HeadFirst::reusable) {
        edge.dialer.keep(stream, &peer);
    }
    Ok(())
}

/// Whether an answer needs nobody any more who knows HTTP: an event stream without an end in sight, on a connection that is its own.
fn is_left_alone(session: &Session, service: &HttpSession, response: &ResponseHeader, ctx: &RequestContext) -> bool {
    { ctx.route.as_ref() }.is_some_and(|route| route.streaming == Some(Streaming::Sse))
        && client::is_takeable(session)
        && response.status == StatusCode::OK
        && Events::of(Some(response)).are_these()
        && !response.headers.contains_key(header::CONTENT_LENGTH)
        && HeadFirst::is_at_body(service.stream())
}

/// Sends the head, and leaves the rest to a task of its own, without Pingora: see [`tunnel::stream`].
async fn leave_alone(
    edge: &Edge,
    session: &mut Session,
    service: HttpSession,
    mut response: ResponseHeader,
    standing: &mut Standing,
    ctx: &mut RequestContext,
) -> Result<()> {
    let is_chunked = response.headers.contains_key(header::TRANSFER_ENCODING);
    let events = Events::of(Some(&response));
    // The client's connection ends with it.
    session.set_keepalive(None);
    response.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    decorate(session, &mut response, ctx)?;
    let silence = service.read_timeout;
    let client = client::take(session, response).await?;
    let Some((stream, early)) = HeadFirst::apart(service.into_inner()) else {
        return Err(Error::explain(
            ErrorType::InternalError,
            "a service's stream is another one",
        ));
    };
    let stream = tunnel::stream::Stream {
        client: client.stream,
        service: End { stream, early },
        is_chunked,
        silence,
        events,
        encoder: ctx.encoder.take(),
    };
    let standing = mem::replace(standing, Standing::free());
    let label = Label::of(edge, ctx);
    tunnel::stream::start(stream, ctx.hand_over(), standing, label);
    Ok(())
}

/// Sends the head; tells whether nothing follows it.
async fn begin(
    session: &mut Session,
    service: &mut HttpSession,
    mut response: ResponseHeader,
    ctx: &mut RequestContext,
) -> Result<bool> {
    let framed = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
        .iter()
        .any(|name| response.headers.contains_key(name));
    let bare = service.is_body_done();
    if !bare && !framed {
        // It ends with the service's connection, which is not the client's.
        response.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    decorate(session, &mut response, ctx)?;
    session
        .write_response_header(Box::new(response), bare)
        .await
        .map_err(Error::into_down)?;
    Ok(bare)
}

/// Makes the head the client's.
fn decorate(session: &mut Session, response: &mut ResponseHeader, ctx: &mut RequestContext) -> Result<()> {
    response.remove_header(&header::CONNECTION);
    respond::last(session, ctx);
    respond::service(session.req_header(), response, ctx)
}

/// Passes the body on. Tells why it was ended, if it was not the service that did.
async fn relay(
    edge: &Edge,
    session: &mut Session,
    service: &mut HttpSession,
    standing: &mut Standing,
    ctx: &mut RequestContext,
) -> Result<Option<Over>> {
    let mut events = Events::of(service.resp_header());
    loop {
        let mut piece = tokio::select! {
            biased;
            over = standing.over() => {
                // Its events were whole, and so is what the client has of them.
                session.set_keepalive(None);
                let mut last = match over {
                    Over::Leaving(_) => events.farewell(rand::random()),
                    Over::Revoked | Over::Expired => None,
                };
                respond::encode(&mut last, true, ctx)?;
                end(session, last).await?;
                return Ok(Some(over));
            }
            piece = service.read_body_bytes() => piece.map_err(|error| broke_off(error, ctx))?,
            gone = gone(session) => return Err(gone),
        };
        let bytes = piece.as_deref().unwrap_or_default();
        session::opened(edge, session.req_header(), bytes, ctx).await;
        events.pass(bytes);
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
            over = standing.over() => {
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
