//! `GET /media/{id}.{extension}`: immutable files, with ranges (RFC 9110, section 14).

use crate::{
    app::Context,
    domain::{Format, PublicId},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_range_header::parse_range_header;
use shared_contracts::Code;
use shared_service::{ApiError, ApiPath, ApiResult};
use std::ops::RangeInclusive;
use tokio_util::io::ReaderStream;

/// A stored file never changes, so a year is as good as for ever.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(super) async fn serve(
    State(context): State<Context>,
    ApiPath(file): ApiPath<String>,
    head: HeaderMap,
) -> ApiResult<Response> {
    let (id, format) = parse(&file).ok_or_else(|| ApiError::not_found("File"))?;
    let etag = format!("\"{id}\"");
    let open = async |start, length| {
        context
            .storage
            .open(&id, format, start, length)
            .await
            .map_err(ApiError::unavailable)
    };
    let whole = open(0, u64::MAX).await?.ok_or_else(|| ApiError::not_found("File"))?;
    let size = whole.bytes;
    // Only of a file that is still there: one that was deleted must not live on in caches that ask.
    if none_match(&head, &etag) {
        // The length that a 200 would have (RFC 9110, section 8.6); the answer to a HEAD would say 0 else.
        let unchanged = (
            StatusCode::NOT_MODIFIED,
            [(header::CONTENT_LENGTH, HeaderValue::from(size))],
        );
        return Ok(with_caching(unchanged.into_response(), &etag));
    }
    let mut response = match wanted(&head, &etag, size) {
        Wanted::Whole => answer(StatusCode::OK, size, whole.content),
        Wanted::Part(range) => {
            let length = range.end() - range.start() + 1;
            drop(whole);
            let part = open(*range.start(), length)
                .await?
                .ok_or_else(|| ApiError::not_found("File"))?;
            let mut response = answer(StatusCode::PARTIAL_CONTENT, length, part.content);
            set(
                &mut response,
                header::CONTENT_RANGE,
                &format!("bytes {}-{}/{size}", range.start(), range.end()),
            );
            response
        }
        Wanted::Nothing => {
            let error = ApiError::new(Code::RangeNotSatisfiable, format!("The file has {size} bytes"));
            let mut response = error.into_response();
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            return Ok(response);
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Users' bytes must never run as a page of this origin.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    Ok(with_caching(response, &etag))
}

fn parse(file: &str) -> Option<(PublicId, Format)> {
    let (id, extension) = file.split_once('.')?;
    Some((PublicId::parse(id)?, Format::of_extension(extension)?))
}

enum Wanted {
    Whole,
    Part(RangeInclusive<u64>),
    Nothing,
}

/// One range is served; several, or what cannot be read, get the whole (RFC 9110, section 14.2, allows it).
fn wanted(head: &HeaderMap, etag: &str, size: u64) -> Wanted {
    // Compared strongly: a weak tag does not promise the same bytes (RFC 9110, section 13.1.5).
    let current = head.get(header::IF_RANGE).is_none_or(|tag| tag == etag);
    let range = head
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
        .filter(|_| current);
    let Some(parsed) = range.and_then(|range| parse_range_header(range).ok()) else {
        return Wanted::Whole;
    };
    match parsed.validate(size) {
        Ok(ranges) => match ranges.as_slice() {
            [range] => Wanted::Part(range.clone()),
            _ => Wanted::Whole,
        },
        Err(_) => Wanted::Nothing,
    }
}

/// Whether `If-None-Match` names this file; compared weakly (RFC 9110, section 13.1.2).
fn none_match(head: &HeaderMap, etag: &str) -> bool {
    let values = head.get_all(header::IF_NONE_MATCH).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

fn answer(status: StatusCode, length: u64, content: Box<dyn tokio::io::AsyncRead + Send + Unpin>) -> Response {
    let body = Body::from_stream(ReaderStream::with_capacity(content, 64 << 10));
    (status, [(header::CONTENT_LENGTH, HeaderValue::from(length))], body).into_response()
}

fn with_caching(mut response: Response, etag: &str) -> Response {
    set(&mut response, header::ETAG, etag);
    response.headers_mut().insert(header::CACHE_CONTROL, IMMUTABLE);
    response
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
