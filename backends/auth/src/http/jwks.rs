//! `GET /.well-known/jwks.json`: the keys that check access tokens.

use crate::app::Auth;
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// A new key is published an hour before it signs, so that copies may be some minutes old.
const CACHE: &str = "public, max-age=300";

/// 200 with a JWK set (RFC 7517).
pub(super) async fn keys(State(auth): State<Arc<Auth>>) -> Response {
    ([(header::CACHE_CONTROL, CACHE)], Json(auth.keys.load().public())).into_response()
}
