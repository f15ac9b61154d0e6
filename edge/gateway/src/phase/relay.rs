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
};
use bytes::Bytes;
use http::header;
use pingora_core::protocols::http::v1::client::HttpSession;
use pingora_error::{Error, ErrorType, Result};
use pingora_http::ResponseHeader;
use pingora_proxy::Session;
use std::{ops::Range, sync::Arc, time::Instant};

/// Between which times a client whose stream has to leave comes again.
const COME_AGAIN_MS: Range<u32> = 500..3_000;

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
    if let Some(stream) = service.reuse().await {
        edge.dialer.keep(stream, &peer);
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
    let framed = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
        .iter()
        .any(|name| response.headers.contains_key(name));
    let bare = service.is_body_done();
    if !bare && !framed {
        // It ends with the service's connection, which is not the client's.
        response.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    respond::last(session, ctx);
    respond::service(session.req_header(), &mut response, ctx)?;
    session
        .write_response_header(Box::new(response), bare)
        .await
        .map_err(Error::into_down)?;
    Ok(bare)
}

/// Passes the body on. Tells why it was ended, if it was not the service that did.
async fn relay(
    edge: &Edge,
    session: &mut Session,
    service: &mut HttpSession,
    standing: &mut Standing,
    ctx: &mut RequestContext,
) -> Result<Option<Over>> {
    let mut events = Events::of(service);
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

/// Where the events of a stream end, as far as it takes to put a last line behind them.
struct Events {
    /// Whether it is one.
    are_these: bool,
    /// The last bytes.
    tail: [u8; 4],
}

impl Events {
    fn of(service: &HttpSession) -> Self {
        let kind = service
            .resp_header()
            .and_then(|head| head.headers.get(header::CONTENT_TYPE));
        let is_coded = service
            .resp_header()
            .is_some_and(|head| head.headers.contains_key(header::CONTENT_ENCODING));
        Self {
            are_these: !is_coded && kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")),
            tail: *b"\n\n\n\n",
        }
    }

    fn pass(&mut self, piece: &[u8]) {
        for byte in &piece[piece.len().saturating_sub(4)..] {
            self.tail.rotate_left(1);
            self.tail[3] = *byte;
        }
    }

    /// When to come again (WHATWG HTML, section 9.2.6): each after another time of a few seconds. Nothing in the middle of an event.
    fn farewell(&self, random: f32) -> Option<Bytes> {
        let wait = COME_AGAIN_MS.start + ((COME_AGAIN_MS.end - COME_AGAIN_MS.start) as f32 * random) as u32;
        let is_between = self.tail.ends_with(b"\n\n") || self.tail == *b"\r\n\r\n";
        (self.are_these && is_between).then(|| format!("retry: {wait}\n\n").into())
    }
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
