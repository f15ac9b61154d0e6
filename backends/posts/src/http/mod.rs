//! What is asked over plain HTTP.

mod internal;

use crate::app::App;
use axum::{Router, routing::get};

/// The routes beside GraphQL.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/internal/posts/{id}", get(internal::post))
        .with_state(app)
}
