//! How the world asks.

mod delete;
mod file;
mod upload;

use crate::{app::Context, domain::Kind};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Multipart, State},
    http::HeaderMap,
    routing::{delete as on_delete, get, post},
};
use shared_service::{ApiError, Caller};

/// All routes of the service.
pub(crate) fn routes(context: Context) -> Router {
    let image = async |context: State<Context>, caller: Caller, head: HeaderMap, body: Result<Multipart, _>| {
        upload::upload(Kind::Image, context, caller, head, body.map_err(not_multipart)).await
    };
    let video = async |context: State<Context>, caller: Caller, head: HeaderMap, body: Result<Multipart, _>| {
        upload::upload(Kind::Video, context, caller, head, body.map_err(not_multipart)).await
    };
    Router::new()
        .route("/api/media/upload/image", post(image))
        .route("/api/media/upload/video", post(video))
        // The limits depend on the kind and are kept while streaming.
        .layer(DefaultBodyLimit::disable())
        .route("/api/media/{public_id}", on_delete(delete::delete))
        .route("/media/{file}", get(file::serve))
        .with_state(context)
}

#[allow(clippy::needless_pass_by_value)] // the shape that map_err wants
fn not_multipart(rejection: axum::extract::multipart::MultipartRejection) -> ApiError {
    ApiError::new(
        shared_contracts::Code::UnsupportedMediaType,
        "Send the file as multipart/form-data",
    )
    .with_source(rejection.to_string())
}
