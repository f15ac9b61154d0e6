//! Respond: the answer's head as the client sees it, and the answers that the edge gives itself.

use super::neighbour;
use crate::{
    compress::{Encoder, Pace},
    context::RequestContext,
    generation::FixedAnswer,
    heads::{self, Head},
    problem::ClientError,
};
use bytes::Bytes;
use edge_config::Streaming;
use edge_graphql::Answer;
use edge_policy::{
    balance::engine_io,
    compression::{self, Asked, Coding, Untouched, Verdict},
    cors::Fields,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use pingora_error::{ErrorType, OrErr, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::Session;
use shared_contracts::problem;
use std::time::Duration;
use tokio::time::timeout;

/// How long, and for how many bytes, a body nobody wants is still read, so that its sender gets to read the answer.
const DRAIN_TIME: Duration = Duration::from_secs(3);
const DRAIN_BYTES: usize = 128 * 1024 * 1024;

/// An edge that stops tells clients with the answer that their connection ends: one that is closed between two requests may cost the
/// second.
pub(crate) fn last(session: &mut Session, ctx: &RequestContext) {
    if ctx.edge_stops() {
        session.set_keepalive(None);
    }
}

/// To whoever knows no chunks, the end of the connection is the end of the body (RFC 9112, section 7.1).
pub(crate) fn frame(session: &mut Session, response: &mut ResponseHeader) {
    if session.req_header().version == Version::HTTP_10 && response.remove_header(&header::TRANSFER_ENCODING).is_some()
    {
        session.set_keepalive(None);
    }
}

/// A service's answer. If it is compressed, [`encode`] does it.
pub(crate) fn service(request: &RequestHeader, response: &mut ResponseHeader, ctx: &mut RequestContext) -> Result<()> {
    // The edge's own (RFC 9110, section 6.2): one that speaks HTTP/1.0 to the edge does not speak it to the client.
    response.set_version(Version::HTTP_11);
    let verdict = verdict(request, response, ctx);
    if let Verdict::Encoded(coding) = verdict {
        let pace = match compression::declared(&response.headers) {
            _ if is_live(response, ctx) => Pace::Live,
            length => Pace::Whole(length),
        };
        ctx.encoder = encoder(coding, pace, ctx)?;
    }
    decorate(&request.headers, response, verdict, ctx)
}

/// The head of a service's answer: it names no part of the house, and speaks for the edge where the edge decides.
pub(crate) fn decorate(
    request: &HeaderMap,
    response: &mut ResponseHeader,
    verdict: Verdict,
    ctx: &RequestContext,
) -> Result<()> {
    let request_id = request_id(ctx)?;
    response.change(|fields| {
        compression::tell(fields, verdict);
        if let Verdict::Encoded(_) = verdict {
            // HTTP/2 has no such field, and Pingora leaves it out there.
            fields.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        neighbour::strip(fields);
        configured(fields, ctx);
        fields.insert(&heads::REQUEST_ID, request_id);
        if let Some(cookie) = &ctx.set_cookie {
            fields.append(header::SET_COOKIE, cookie.clone());
        }
        common(request, fields, ctx);
    });
    Ok(())
}

/// Whether the answer is compressed.
fn verdict(request: &RequestHeader, response: &ResponseHeader, ctx: &RequestContext) -> Verdict {
    let Some(compression) = ctx.route.as_ref().and_then(|route| route.compression.as_ref()) else {
        return Verdict::Untouched(Untouched::NotAsked);
    };
    let asked = Asked {
        method: &request.method,
        version: request.version,
        headers: &request.headers,
    };
    compression.terms.judge(&asked, response.status, &response.headers)
}

/// Whether somebody waits for each piece.
fn is_live(response: &ResponseHeader, ctx: &RequestContext) -> bool {
    let is_of_pieces = |value: &HeaderValue| {
        let begins = |kind: &str| {
            let begin = value.as_bytes().get(..kind.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(kind.as_bytes()))
        };
        begins("text/event-stream") || begins("application/x-ndjson")
    };
    { ctx.route.as_ref() }.is_some_and(|route| route.streaming == Some(Streaming::Sse)) || {
        response.headers.get(header::CONTENT_TYPE)
    }
    .is_some_and(is_of_pieces)
}

fn encoder(coding: Coding, pace: Pace, ctx: &RequestContext) -> Result<Option<Encoder>> {
    let compression = ctx.route.as_ref().and_then(|route| route.compression.as_ref());
    let encoder = compression.map(|compression| Encoder::new(compression, coding, pace));
    encoder.transpose().or_err(ErrorType::InternalError, "no encoder")
}

/// A piece of a service's answer, in its coding if it has one.
pub(crate) fn encode(body: &mut Option<Bytes>, is_end: bool, ctx: &mut RequestContext) -> Result<()> {
    let Some(mut encoder) = ctx.encoder.take() else {
        return Ok(());
    };
    let encoded = encoder.encode(body.as_deref().unwrap_or_default(), is_end);
    let encoded = encoded.or_err(ErrorType::InternalError, "the answer cannot be encoded")?;
    // An empty chunk would be the end.
    *body = (!encoded.is_empty()).then_some(encoded);
    if !is_end {
        ctx.encoder = Some(encoder);
    }
    Ok(())
}

fn request_id(ctx: &RequestContext) -> Result<HeaderValue> {
    HeaderValue::from_str(&ctx.request_id).or_err(ErrorType::InvalidHTTPHeader, "no value of a field")
}

/// The changes that the route's `headers` asks for. They come before the edge's own fields, which have keys of their own.
pub(crate) fn configured(fields: &mut HeaderMap, ctx: &RequestContext) {
    if let Some(route) = &ctx.route {
        route.headers.response.apply(fields);
    }
}

/// What services' answers and the edge's own have in common: quotas and cross-origin fields.
pub(crate) fn common(request: &HeaderMap, fields: &mut HeaderMap, ctx: &RequestContext) {
    for (name, value) in &ctx.quota_fields {
        fields.insert(name, value.clone());
    }
    if let Some(hsts) = ctx.generation.https.hsts.as_ref().filter(|_| ctx.secure) {
        // A browser that hears it without TLS has to ignore it (RFC 6797, section 8.1).
        fields.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
    }
    if let Some(cors) = ctx.route.as_ref().and_then(|route| route.cors.as_ref()) {
        cors.tell(request, fields);
    }
}

/// Answers with a problem.
pub(crate) async fn refuse(session: &mut Session, error: &ClientError, ctx: &mut RequestContext) -> Result<()> {
    ctx.code = Some(error.code);
    let body = error.body(&ctx.request_id);
    let mut response = ResponseHeader::build_no_case(error.code.status(), Some(12))?;
    response.insert_header(header::CONTENT_TYPE, problem::CONTENT_TYPE)?;
    if let Some(allow) = &error.allow {
        response.insert_header(header::ALLOW, &**allow)?;
    }
    response.insert_header(header::CACHE_CONTROL, "no-store")?;
    if error.code.status() == 401 {
        // RFC 9110, section 15.5.2. Browsers ask nobody for a password because of it.
        response.insert_header(header::WWW_AUTHENTICATE, "Bearer")?;
    }
    if error.close {
        session.set_keepalive(None);
    }
    send(session, response, body.into(), error.retry_after_seconds(), ctx).await
}

/// Answers in the place of a service that is away.
pub(crate) async fn fixed(session: &mut Session, answer: &FixedAnswer, ctx: &RequestContext) -> Result<()> {
    let mut response = ResponseHeader::build_no_case(answer.status, Some(10))?;
    response.insert_header(header::CONTENT_TYPE, answer.content_type.clone())?;
    // It holds for as long as the service is away.
    response.insert_header(header::CACHE_CONTROL, "no-store")?;
    send(session, response, answer.body.clone(), None, ctx).await
}

/// Ends a session of Engine.IO whose poll waits: its client opens another one.
pub(crate) async fn end_session(session: &mut Session, ctx: &RequestContext) -> Result<()> {
    let mut response = ResponseHeader::build_no_case(200, Some(10))?;
    response.insert_header(header::CONTENT_TYPE, "text/plain; charset=UTF-8")?;
    response.insert_header(header::CACHE_CONTROL, "no-store")?;
    send(session, response, engine_io::CLOSE.into(), None, ctx).await
}

/// Answers a preflight, or an OPTIONS that goes no further, without a body.
pub(crate) async fn preflight(session: &mut Session, fields: Fields, ctx: &RequestContext) -> Result<()> {
    let mut response = ResponseHeader::build_no_case(StatusCode::NO_CONTENT, Some(10))?;
    let request_id = request_id(ctx)?;
    response.change(|head| {
        configured(head, ctx);
        head.extend(fields);
        head.insert(&heads::REQUEST_ID, request_id);
    });
    session.write_response_header(Box::new(response), true).await
}

/// Answers with what the composed schema made of the request.
pub(crate) async fn graphql(session: &mut Session, answer: Answer, ctx: &RequestContext) -> Result<()> {
    let mut response = ResponseHeader::build_no_case(answer.status, Some(12))?;
    response.insert_header(header::CONTENT_TYPE, answer.content_type)?;
    response.insert_header(header::CACHE_CONTROL, "no-store")?;
    if let Some(allow) = answer.allow {
        response.insert_header(header::ALLOW, allow)?;
    }
    send(session, response, answer.body, None, ctx).await
}

/// Sends a client to where it asks over TLS. 308 keeps the method (RFC 9110, section 15.4.9).
pub(crate) async fn redirect(session: &mut Session, location: &str, ctx: &RequestContext) -> Result<()> {
    let mut response = ResponseHeader::build_no_case(StatusCode::PERMANENT_REDIRECT, Some(6))?;
    response.insert_header(header::LOCATION, location)?;
    send(session, response, Bytes::new(), None, ctx).await
}

/// The edge's own health: it serves, whatever is away behind it.
pub(crate) async fn health(session: &mut Session, ctx: &RequestContext) -> Result<()> {
    let mut response = ResponseHeader::build_no_case(StatusCode::OK, Some(6))?;
    response.insert_header(header::CONTENT_TYPE, "application/json")?;
    response.insert_header(header::CACHE_CONTROL, "no-store")?;
    let body = Bytes::from_static(br#"{"success":true,"status":"ok","service":"edge"}"#);
    send(session, response, body, None, ctx).await
}

async fn send(
    session: &mut Session,
    mut response: ResponseHeader,
    mut body: Bytes,
    retry_after: Option<u64>,
    ctx: &RequestContext,
) -> Result<()> {
    last(session, ctx);
    let request_id = request_id(ctx)?;
    response.insert_header(header::CONTENT_LENGTH, body.len())?;
    let verdict = verdict(session.req_header(), &response, ctx);
    if let Verdict::Encoded(coding) = verdict
        && let Some(mut encoder) = encoder(coding, Pace::Whole(u64::try_from(body.len()).ok()), ctx)?
    {
        let encoded = encoder.encode(&body, true);
        body = encoded.or_err(ErrorType::InternalError, "the answer cannot be encoded")?;
    }
    response.change(|fields| {
        compression::tell(fields, verdict);
        configured(fields, ctx);
        fields.insert(header::CONTENT_LENGTH, body.len().into());
        fields.insert(&heads::REQUEST_ID, request_id);
        common(&session.req_header().headers, fields, ctx);
        if let Some(seconds) = retry_after {
            fields.insert(header::RETRY_AFTER, seconds.into());
        }
    });
    let bare = session.req_header().method == Method::HEAD;
    session.write_response_header(Box::new(response), bare).await?;
    if bare {
        Ok(())
    } else {
        session.write_response_body(Some(body), true).await
    }
}

/// Reads what the client still sends, for a little: closing on a client that is still sending would reset the connection, answer included.
pub(crate) async fn drain(session: &mut Session) {
    // Who asked first sends nothing after a refusal.
    if session.is_body_done() || session.req_header().headers.contains_key(header::EXPECT) {
        return;
    }
    let read = async {
        let mut left = DRAIN_BYTES;
        while let Ok(Some(piece)) = session.read_request_body().await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                break;
            }
        }
    };
    // Whether it ended or time ran out: the connection closes now either way.
    let _ = timeout(DRAIN_TIME, read).await;
}
