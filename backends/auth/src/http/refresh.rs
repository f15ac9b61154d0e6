//! `POST /api/auth/refresh`: a new pair of tokens for a refresh token.

use super::{
    answer::{forget_tokens, signed_in},
    body::{MaybeJson, RefreshBody},
};
use crate::{
    app::Auth,
    domain::refresh::RefreshToken,
    store::{
        sessions::{self, Manner, Opened, Refreshed},
        users,
    },
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use shared_contracts::{Code, claims::REFRESH_COOKIE};
use shared_service::{ApiError, ApiResult, Caller};
use std::{sync::Arc, time::Instant};

/// 200 with the user and a new pair; 401 `REFRESH_TOKEN_INVALID`, after which the client holds no token any more.
///
/// The token comes in the cookie or, from a client without a jar, as `{"refreshToken": …}`; that client gets the new one in
/// the body too. Showing a replaced token ends its session, unless the showing raced the replacing
/// ([`crate::domain::refresh::judge`]).
pub(super) async fn refresh(
    State(auth): State<Arc<Auth>>,
    caller: Caller,
    headers: HeaderMap,
    MaybeJson(body): MaybeJson<RefreshBody>,
) -> ApiResult<Response> {
    let arrived = Instant::now();
    let in_body = body.and_then(|body| body.refresh_token);
    let Some(shown) = in_body
        .as_deref()
        .or_else(|| shared_identity::cookie(&headers, REFRESH_COOKIE))
    else {
        return Ok(forget_tokens(&auth, &caller, refused()));
    };
    let manner = Manner {
        arrived,
        by_browser: in_body.is_none() && is_of_own_page(&headers),
    };
    let mut conn = auth.conn().await?;
    match sessions::refresh(&mut conn, &RefreshToken::shown(shown), manner).await? {
        Refreshed::Renewed(opened) => {
            let user = users::by_id(&mut conn, opened.user_id).await?;
            drop(conn);
            renewed(&auth, &caller, user, &opened, in_body.is_some())
        }
        Refreshed::Ended(revocations) => {
            drop(conn);
            tracing::warn!(client = ?caller.client_ip, "a used refresh token was shown again; its session is ended");
            auth.revoker.push(&revocations).await;
            Ok(forget_tokens(&auth, &caller, refused()))
        }
        Refreshed::Refused => Ok(forget_tokens(&auth, &caller, refused())),
    }
}

fn renewed(
    auth: &Auth,
    caller: &Caller,
    user: Option<users::User>,
    opened: &Opened,
    in_body: bool,
) -> ApiResult<Response> {
    match user {
        Some(user) => signed_in(auth, caller, StatusCode::OK, user, opened, in_body),
        None => Ok(forget_tokens(auth, caller, refused())),
    }
}

/// Whether a browser says that a page of this site asks (Fetch Metadata, `Sec-Fetch-Site`). Pages cannot forge it; what
/// another program gains by it is ten seconds in which it gets what the first answer said.
fn is_of_own_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    matches!(site, Some("same-origin" | "same-site"))
}

fn refused() -> ApiError {
    ApiError::new(Code::RefreshTokenInvalid, "Sign in again")
}
