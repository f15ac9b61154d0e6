//! `GET /api/auth/me`: who am I?

use super::answer::{Me, no_store};
use crate::{app::Auth, store::users};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde_json::json;
use shared_service::{ApiError, ApiResult, RequireUser};
use std::sync::Arc;

/// 200 with the signed-in user; 401 `UNAUTHENTICATED`.
pub(super) async fn me(State(auth): State<Arc<Auth>>, RequireUser(user): RequireUser) -> ApiResult<Response> {
    let user = users::by_id(&mut *auth.conn().await?, user.id).await?;
    // The token outlived the account.
    let user = user.ok_or_else(ApiError::unauthenticated)?;
    Ok((no_store(), Json(json!({ "success": true, "user": Me::from(user) }))).into_response())
}
