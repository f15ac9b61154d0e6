//! What is answered to what.

use crate::{
    body::Body,
    faults::{Set, Wrong},
    query,
    server::Shared,
    socket,
};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use std::{fmt::Write, io, time::Duration};

/// The answer to `GET /`: 60 bytes.
pub const SMALL: &str = r#"{"id":1234567,"name":"newfeed","likes":42,"tags":["a","bc"]}"#;
/// Most that `/echo` takes.
const LARGEST_ECHO: usize = 64 << 20;
/// Most items of `/json`.
const MOST_ITEMS: u64 = 100_000;
/// Tells who asks; set by proxies alone.
const USER: &str = "x-user-id";
const SERVICE_TOKEN: &str = "x-service-token";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers one request, under the faults in force. An error ends the connection without an answer.
pub(crate) async fn answer(shared: &Shared, request: Request<Incoming>) -> io::Result<Response<Body>> {
    shared.stats.request(request.headers().contains_key(USER));
    let Some(faults) = shared.faults.now() else {
        return Ok(route(shared, request, None).await);
    };
    shared.faults.thawed().await;
    if let Some(delay) = faults.delay {
        tokio::time::sleep(delay).await;
    }
    if faults.refuse {
        return Err(io::Error::other("refused"));
    }
    let response = route(shared, request, Some(faults)).await;
    Ok(response.map(|body| body.cut_after(faults.cut_after)))
}

async fn route(shared: &Shared, request: Request<Incoming>, faults: Option<Set>) -> Response<Body> {
    let wrong = faults.and_then(|set| set.wrong);
    let path = request.uri().path();
    let is_post = request.method() == Method::POST;
    if is_post {
        return match path {
            "/echo" => echo(request).await,
            "/sink" => sink(request).await,
            "/hub" => json(format!(r#"{{"said":{}}}"#, shared.hub.say())),
            _ => status(StatusCode::NOT_FOUND),
        };
    }
    match path {
        "/" if wrong == Some(Wrong::Body) => json(r#"{"id":0}"#),
        "/" => json(SMALL),
        "/user" => user(&request),
        "/json" => items(query::number(request.uri(), "n").unwrap_or(20), wrong),
        "/sse" => events(&request),
        "/hub" => live(Body::heard(shared.hub.listen())),
        "/ws" => socket::accept(request).unwrap_or_else(|| status(StatusCode::UPGRADE_REQUIRED)),
        "/health/ready" => status(StatusCode::OK),
        "/stats" => json(serde_json::to_vec(&shared.stats.counts()).unwrap_or_default()),
        "/.well-known/jwks.json" => json(shared.jwks.clone()),
        "/internal/revocations" => json(r#"{"revocations":[]}"#),
        _ => by_prefix(shared, path, wrong).await,
    }
}

async fn by_prefix(shared: &Shared, path: &str, wrong: Option<Wrong>) -> Response<Body> {
    if let Some(nonce) = path.strip_prefix("/nonce/") {
        return json(self::nonce(shared, nonce, wrong));
    }
    if let Some(length) = path.strip_prefix("/bytes/").and_then(|text| text.parse().ok()) {
        return typed(
            Body::repeated(length),
            HeaderValue::from_static("application/octet-stream"),
        );
    }
    if let Some(delay) = path.strip_prefix("/delay/").and_then(|text| text.parse().ok()) {
        tokio::time::sleep(Duration::from_millis(delay)).await;
        return json(SMALL);
    }
    status(StatusCode::NOT_FOUND)
}

fn nonce(shared: &Shared, nonce: &str, wrong: Option<Wrong>) -> String {
    let Some(wrong) = wrong else {
        return format!(r#"{{"nonce":"{nonce}"}}"#);
    };
    // What was asked before is remembered only while answers are wrong: it would cost every request a lock.
    let mut last = shared
        .last_nonce
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = std::mem::replace(&mut *last, nonce.to_owned());
    let said = if wrong == Wrong::Stale {
        before.as_str()
    } else {
        "wrong"
    };
    format!(r#"{{"nonce":"{said}"}}"#)
}

fn items(count: u64, wrong: Option<Wrong>) -> Response<Body> {
    let count = count.min(MOST_ITEMS);
    let last = count - u64::from(wrong == Some(Wrong::Missing) && count > 0);
    json(listed(count, last))
}

/// The right answer to `GET /json?n=COUNT`.
#[must_use]
pub fn items_text(count: u64) -> String {
    listed(count, count)
}

fn listed(count: u64, last: u64) -> String {
    let mut text = String::with_capacity(32 + 48 * usize::try_from(count).unwrap_or(0));
    text.push_str(r#"{"items":["#);
    for id in 1..=last {
        let comma = if id == 1 { "" } else { "," };
        // Writing to a text cannot fail.
        let _ = write!(text, r#"{comma}{{"id":{id},"title":"Item number {id}"}}"#);
    }
    let _ = write!(text, r#"],"count":{count}}}"#);
    text
}

fn user(request: &Request<Incoming>) -> Response<Body> {
    let user = request.headers().get(USER).and_then(|id| id.to_str().ok());
    let token = request.headers().contains_key(SERVICE_TOKEN);
    json(match user {
        // Ids are numbers or words; one that would need escapes is no id.
        Some(id) if !id.contains(['"', '\\']) => format!(r#"{{"user":"{id}","token":{token}}}"#),
        _ => format!(r#"{{"user":null,"token":{token}}}"#),
    })
}

fn events(request: &Request<Incoming>) -> Response<Body> {
    let count = query::number(request.uri(), "n").unwrap_or(0);
    let every = Duration::from_millis(query::number(request.uri(), "every").unwrap_or(1000));
    live(Body::events(count, every))
}

fn live(body: Body) -> Response<Body> {
    let mut response = typed(body, HeaderValue::from_static("text/event-stream"));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn echo(request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let kind = head.headers.get(header::CONTENT_TYPE).cloned().unwrap_or(JSON);
    match Limited::new(body, LARGEST_ECHO).collect().await {
        Ok(body) => typed(Body::whole(body.to_bytes()), kind),
        Err(_) => status(StatusCode::PAYLOAD_TOO_LARGE),
    }
}

async fn sink(request: Request<Incoming>) -> Response<Body> {
    let mut body = request.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return status(StatusCode::BAD_REQUEST);
        };
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    json(format!(r#"{{"bytes":{length}}}"#))
}

fn json(body: impl Into<Bytes>) -> Response<Body> {
    typed(Body::whole(body), JSON)
}

fn typed(body: Body, kind: HeaderValue) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

pub(crate) fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::whole(""));
    *response.status_mut() = status;
    response
}
