//! `GET /api/users/{id}`: what everybody may know of a user.

use crate::{app::Auth, error::db};
use axum::{Json, extract::State};
use serde_json::{Value, json};
use shared_service::{ApiError, ApiPath, ApiResult};
use std::sync::Arc;

/// 200 with the public profile; 404 `NOT_FOUND`.
pub(super) async fn profile(State(auth): State<Arc<Auth>>, ApiPath(id): ApiPath<i64>) -> ApiResult<Json<Value>> {
    let found = auth.directory.by_ids(&[id]).await.map_err(db)?;
    let user = found.into_iter().next().ok_or_else(|| ApiError::not_found("User"))?;
    Ok(Json(json!({ "success": true, "user": user })))
}
