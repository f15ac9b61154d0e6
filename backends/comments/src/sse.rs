//! `GET /api/sse/comments/{postId}`: a post's comments, live, as server-sent events (WHATWG HTML, section 9.2).
//!
//! Events `comment_added`, `comment_updated` and `comment_deleted`, each with `{ type, postId, commentId, comment }`.

use crate::app::App;
use crate::live::{Change, Watcher};
use crate::operations;
use axum::{
    Router,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use futures::{Stream, StreamExt, stream};
use shared_service::{ApiPath, ApiResult, Caller};
use std::{convert::Infallible, time::Duration};

/// Keeps idle connections from being taken for dead, and finds those that are.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// When a client should come back after the stream ended.
const RETRY: Duration = Duration::from_secs(2);

/// `GET /api/sse/comments/{postId}`.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/api/sse/comments/{post_id}", get(watch))
        .with_state(app)
}

async fn watch(State(app): State<App>, caller: Caller, ApiPath(post_id): ApiPath<String>) -> ApiResult<Response> {
    let watcher = operations::watch_comments(&app, &caller, &post_id).await?;
    // The first bytes tell the client, and whatever lies between, that the stream is open.
    let hello = stream::iter([Ok::<_, Infallible>(Event::default().comment("watching").retry(RETRY))]);
    let events = hello.chain(changes(watcher)).take_until(app.shutdown.cancelled_owned());
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(HEARTBEAT))
        .into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

fn changes(watcher: Watcher) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(watcher, async |mut watcher| {
        let change = watcher.next().await?;
        Some((Ok(event(&change)), watcher))
    })
}

fn event(change: &Change) -> Event {
    let event = Event::default().event(change.kind.as_str());
    event.json_data(change).unwrap_or_else(|error| {
        tracing::error!(%error, "a change has no JSON form");
        Event::default().comment("lost")
    })
}
