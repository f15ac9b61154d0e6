//! How the world asks. This file is the table of contents.

mod answer;
mod body;
mod internal;
mod jwks;
mod login;
mod logout;
mod me;
mod refresh;
mod signup;
mod users;

use crate::app::Auth;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use shared_contracts::{claims::JWKS_PATH, revocation::REVOCATIONS_PATH, user::LOOKUP_PATH};
use std::sync::Arc;

/// No operation here reads more.
const MAX_BODY: usize = 16 << 10;

/// The service's own routes.
pub(crate) fn routes(auth: Arc<Auth>) -> Router {
    Router::new()
        .route("/api/auth/signup", post(signup::signup))
        .route("/api/auth/login", post(login::login))
        .route("/api/auth/refresh", post(refresh::refresh))
        .route("/api/auth/logout", post(logout::logout))
        .route("/api/auth/me", get(me::me))
        .route("/api/users/{id}", get(users::profile))
        .route(JWKS_PATH, get(jwks::keys))
        .route(LOOKUP_PATH, get(internal::lookup))
        .route(REVOCATIONS_PATH, get(internal::revocations))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(auth)
}
