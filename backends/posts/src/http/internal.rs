//! For other services: does this post exist, and whose is it?

use crate::app::App;
use crate::store::posts;
use axum::{Json, extract::State};
use serde::Serialize;
use shared_service::{ApiError, ApiPath, ApiResult, RequireService};

/// What other services need to know of a post.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostFacts {
    post_id: String,
    author_id: String,
}

/// `GET /internal/posts/{id}`: always out of the database, for a comment hangs on the answer.
pub(super) async fn post(
    _: RequireService,
    State(app): State<App>,
    ApiPath(id): ApiPath<i64>,
) -> ApiResult<Json<PostFacts>> {
    let mut conn = app.pool.get().await?;
    let found = posts::find(&mut conn, id).await?;
    let post = found.ok_or_else(|| ApiError::not_found("Post"))?;
    Ok(Json(PostFacts {
        post_id: post.id.to_string(),
        author_id: post.author_id.to_string(),
    }))
}
