//! `GET /api/users/{id}`: what everybody may know of a user.

use crate::app::Auth;
use axum::{Json, extract::State};
use serde_json::{Value, json};
use shared_service::{ApiError, ApiPath, ApiResult, validate};
use std::sync::Arc;

/// 200 with the public profile; 404 `NOT_FOUND`.
pub(super) async fn profile(State(auth): State<Arc<Auth>>, ApiPath(id): ApiPath<String>) -> ApiResult<Json<Value>> {
    // What cannot be an id is nobody's.
    let id = validate::id("id", &id).map_err(|_| ApiError::not_found("User"))?;
    let found = auth.directory.by_ids(&[id]).await?;
    let user = found.into_iter().next().ok_or_else(|| ApiError::not_found("User"))?;
    Ok(Json(json!({ "success": true, "user": user })))
}
