//! What every service's routes have in common.

use crate::{ApiError, Caller, Readiness, ServiceTokens, caller, deadline, health};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Method, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use shared_contracts::{Code, header};
use std::{any::Any, sync::Arc, time::Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The id of the request that this task serves.
pub(crate) fn current_request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// Adds to a service's `routes`: `/health/*` and `/api/<name>/health`, typed 404 and 405, panics as 500, the
/// [`Caller`], a request id, the end of what nobody waits for, and the access log.
pub fn app(name: &'static str, routes: Router, tokens: ServiceTokens, readiness: Readiness) -> Router {
    routes
        .merge(health::routes(name, readiness))
        .fallback(async |uri: Uri| ApiError::new(Code::RouteNotFound, format!("Nothing is at {}", uri.path())))
        .method_not_allowed_fallback(async |method: Method| {
            ApiError::new(Code::MethodNotAllowed, format!("{method} is not possible here"))
        })
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(middleware::from_fn_with_state(Arc::new(tokens), observe))
}

/// Outermost: who asks, and how it ended.
async fn observe(State(tokens): State<Arc<ServiceTokens>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let caller = caller::of(&request, &tokens);
    let request_id = caller.request_id.clone();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("request", %request_id);
    let deadline = caller.deadline;
    request.extensions_mut().insert::<Caller>(caller);
    let mut response = REQUEST_ID
        .scope(request_id.clone(), deadline::bound(deadline, next.run(request)))
        .instrument(span.clone())
        .await;
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(header::REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let elapsed_ms = started.elapsed().as_millis() as u64;
    span.in_scope(|| tracing::debug!(%method, path, status, elapsed_ms, "answered"));
    response
}

#[allow(clippy::needless_pass_by_value)] // the signature that tower-http wants
fn answer_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    ApiError::internal(format!("panic: {text}")).into_response()
}
