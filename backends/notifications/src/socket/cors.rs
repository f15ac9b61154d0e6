//! CORS for browsers that connect directly. Through the edge it is the edge's business: two sets of CORS headers in one
//! answer would make browsers refuse it.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use shared_contracts::token;
use shared_service::{Caller, ServiceTokens};
use std::{sync::Arc, time::Duration};
use tower::{Layer, ServiceExt};
use tower_http::cors::CorsLayer;

/// The policy for direct requests, and what tells them from the edge's.
#[derive(Clone)]
pub struct Cors {
    layer: CorsLayer,
    tokens: Arc<ServiceTokens>,
}

impl Cors {
    /// Pages of `web_origins` may connect with credentials; what is not an origin is passed over.
    pub fn new(web_origins: &[String], tokens: ServiceTokens) -> Self {
        let origins = web_origins
            .iter()
            .filter_map(|origin| HeaderValue::from_str(origin).ok());
        let layer = CorsLayer::new()
            .allow_origin(origins.collect::<Vec<_>>())
            .allow_credentials(true)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION])
            .max_age(Duration::from_secs(600));
        Self {
            layer,
            tokens: Arc::new(tokens),
        }
    }

    /// The middleware.
    pub async fn apply(State(cors): State<Self>, request: Request, next: Next) -> Response {
        let caller = Caller::from_headers(request.headers(), &cors.tokens);
        if caller.service.as_deref() == Some(token::EDGE) {
            return next.run(request).await;
        }
        match cors.layer.layer(next).oneshot(request).await {
            Ok(response) => response.into_response(),
            Err(never) => match never {},
        }
    }
}
