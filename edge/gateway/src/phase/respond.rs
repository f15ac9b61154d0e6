//! Respond: the answer's head as the client sees it, and the answers that the edge gives itself.

use crate::{context::RequestContext, problem::ClientError};
use bytes::Bytes;
use edge_graphql::Answer;
use edge_policy::cors::Fields;
use http::{HeaderMap, Method, StatusCode, header};
use pingora_error::Result;
use pingora_http::ResponseHeader;
use pingora_proxy::Session;
use shared_contracts::{header as names, problem};
use std::time::Duration;
use tokio::time::timeout;

/// How long, and for how many bytes, a body nobody wants is still read, so that its sender gets to read the answer.
const DRAIN_TIME: Duration = Duration::from_secs(3);
const DRAIN_BYTES: usize = 128 * 1024 * 1024;

/// A service's answer: names no part of the house, and speaks for the edge where the edge decides.
pub(crate) fn decorate(request: &HeaderMap, response: &mut ResponseHeader, ctx: &RequestContext) -> Result<()> {
    response.remove_header(&header::SERVER);
    response.remove_header("x-powered-by");
    response.remove_header("keep-alive");
    configured(response, ctx)?;
    response.insert_header(names::REQUEST_ID, &ctx.request_id)?;
    if let Some(cookie) = &ctx.set_cookie {
        response.append_header(header::SET_COOKIE, cookie.clone())?;
    }
    common(request, response, ctx)
}

/// The changes that the route's `headers` asks for. They come before the edge's own fields, which have keys of their own.
pub(crate) fn configured(response: &mut ResponseHeader, ctx: &RequestContext) -> Result<()> {
    match &ctx.route {
        Some(route) => route.headers.response.on_response(response),
        None => Ok(()),
    }
}

/// What services' answers and the edge's own have in common: quotas and cross-origin fields.
pub(crate) fn common(request: &HeaderMap, response: &mut ResponseHeader, ctx: &RequestContext) -> Result<()> {
    for (name, value) in &ctx.quota_fields {
        response.insert_header(name, value.clone())?;
    }
    let Some(cors) = ctx.route.as_ref().and_then(|route| route.cors.as_ref()) else {
        return Ok(());
    };
    // One voice about origins: a service's own fields would contradict the edge's.
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        response.remove_header(&name);
    }
    for (name, value) in cors.actual(request) {
        if name == header::VARY {
            response.append_header(name, value)?;
        } else {
            response.insert_header(name, value)?;
        }
    }
    Ok(())
}

/// Answers with a problem.
pub(crate) async fn refuse(session: &mut Session, error: &ClientError, ctx: &mut RequestContext) -> Result<()> {
    ctx.code = Some(error.code);
    let body = error.body(&ctx.request_id);
    let mut response = ResponseHeader::build(error.code.status(), Some(12))?;
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

/// Answers a preflight.
pub(crate) async fn preflight(session: &mut Session, fields: Fields, ctx: &RequestContext) -> Result<()> {
    let mut response = ResponseHeader::build(StatusCode::NO_CONTENT, Some(10))?;
    configured(&mut response, ctx)?;
    for (name, value) in fields {
        response.insert_header(name, value)?;
    }
    response.insert_header(names::REQUEST_ID, &ctx.request_id)?;
    session.write_response_header(Box::new(response), true).await
}

/// Answers with what the composed schema made of the request.
pub(crate) async fn graphql(session: &mut Session, answer: Answer, ctx: &RequestContext) -> Result<()> {
    let mut response = ResponseHeader::build(answer.status, Some(12))?;
    response.insert_header(header::CONTENT_TYPE, answer.content_type)?;
    response.insert_header(header::CACHE_CONTROL, "no-store")?;
    if let Some(allow) = answer.allow {
        response.insert_header(header::ALLOW, allow)?;
    }
    send(session, response, answer.body, None, ctx).await
}

/// The edge's own health: it serves, whatever is away behind it.
pub(crate) async fn health(session: &mut Session, ctx: &RequestContext) -> Result<()> {
    let mut response = ResponseHeader::build(StatusCode::OK, Some(6))?;
    response.insert_header(header::CONTENT_TYPE, "application/json")?;
    response.insert_header(header::CACHE_CONTROL, "no-store")?;
    let body = Bytes::from_static(br#"{"success":true,"status":"ok","service":"edge"}"#);
    send(session, response, body, None, ctx).await
}

async fn send(
    session: &mut Session,
    mut response: ResponseHeader,
    body: Bytes,
    retry_after: Option<u64>,
    ctx: &RequestContext,
) -> Result<()> {
    configured(&mut response, ctx)?;
    response.insert_header(header::CONTENT_LENGTH, body.len())?;
    response.insert_header(names::REQUEST_ID, &ctx.request_id)?;
    common(&session.req_header().headers, &mut response, ctx)?;
    if let Some(seconds) = retry_after {
        response.insert_header(header::RETRY_AFTER, seconds)?;
    }
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
