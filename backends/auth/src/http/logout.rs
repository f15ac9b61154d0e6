//! `POST /api/auth/logout[?all=true]`: ends the session everywhere, before it answers.

use super::{
    answer::forget_tokens,
    body::{MaybeJson, RefreshBody},
};
use crate::{app::Auth, domain::refresh::RefreshToken, store::sessions};
use axum::{Json, extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use serde_json::json;
use shared_contracts::claims::{ACCESS_COOKIE, REFRESH_COOKIE};
use shared_service::{ApiQuery, ApiResult, Caller};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// Every session of the user, not this one alone.
    #[serde(default)]
    all: bool,
}

/// 200, also where nobody was signed in; the cookies are cleared even where the session could not be ended (503).
///
/// An access token counts here although it has expired: leaving must not need coming back first.
pub(super) async fn logout(
    State(auth): State<Arc<Auth>>,
    caller: Caller,
    ApiQuery(options): ApiQuery<Options>,
    headers: HeaderMap,
    MaybeJson(body): MaybeJson<RefreshBody>,
) -> Response {
    let in_body = body.and_then(|body| body.refresh_token);
    let refresh = in_body
        .as_deref()
        .or_else(|| shared_identity::cookie(&headers, REFRESH_COOKIE));
    match end(&auth, named(&auth, &caller, &headers), refresh, options.all).await {
        Ok(()) => forget_tokens(
            &auth,
            &caller,
            Json(json!({ "success": true, "message": "Logged out" })),
        ),
        Err(error) => forget_tokens(&auth, &caller, error),
    }
}

/// The sessions that the identity headers and the access tokens of a request name.
fn named(auth: &Auth, caller: &Caller, headers: &HeaderMap) -> Vec<Uuid> {
    let vouched = caller.user.as_ref().and_then(|user| user.session_id.parse().ok());
    let tokens = [
        shared_identity::bearer(headers),
        shared_identity::cookie(headers, ACCESS_COOKIE),
    ];
    let keys = auth.keys.load();
    let shown = tokens.into_iter().flatten().filter_map(|token| keys.session_of(token));
    vouched.into_iter().chain(shown).collect()
}

async fn end(auth: &Auth, mut ids: Vec<Uuid>, refresh: Option<&str>, all: bool) -> ApiResult<()> {
    if ids.is_empty() && refresh.is_none() {
        return Ok(());
    }
    let mut conn = auth.conn().await?;
    if let Some(token) = refresh {
        ids.extend(sessions::of_token(&mut conn, &RefreshToken::shown(token)).await?);
    }
    let revocations = sessions::end(&mut conn, &ids, all).await?;
    drop(conn);
    // Where Redis is away the database says it, no refresh works, and the background tells the verifiers when it can.
    auth.revoker.push(&revocations).await;
    Ok(())
}
