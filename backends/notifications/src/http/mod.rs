//! What signed-in users ask over REST.

mod list;
mod read;

use axum::{
    Router,
    routing::{get, post},
};
use shared_postgres::Pool;

/// The service's REST routes.
pub fn routes(pool: Pool) -> Router {
    Router::new()
        .route("/api/notifications", get(list::list))
        .route("/api/notifications/read", post(read::read))
        .with_state(pool)
}
