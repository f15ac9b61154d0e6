//! Answers that several operations give: who signed in, and the cookies that go with it.

use crate::{
    app::Auth,
    domain::{keys::TOKEN_LIFETIME, refresh},
    store::{sessions::Opened, users::User},
};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use cookie::{Cookie, SameSite, time};
use serde::Serialize;
use shared_contracts::claims::{ACCESS_COOKIE, REFRESH_COOKIE};
use shared_service::{ApiResult, Caller};

/// Where the refresh cookie is sent to.
const REFRESH_PATH: &str = "/api/auth";

/// What a user learns of itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    id: String,
    username: String,
    email: String,
    full_name: String,
    avatar_url: Option<String>,
}

impl From<User> for Me {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username,
            email: user.email,
            full_name: user.full_name,
            avatar_url: user.avatar_url,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignedIn<'a> {
    success: bool,
    user: Me,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

/// Signs an access token for an opened session and answers with it, in the body and as a cookie.
///
/// The refresh token goes into a cookie that scripts cannot read; into the body only where `in_body` says that the client
/// keeps it itself.
pub(super) fn signed_in(
    auth: &Auth,
    caller: &Caller,
    status: StatusCode,
    user: User,
    opened: &Opened,
    in_body: bool,
) -> ApiResult<Response> {
    let token = auth.sign(&user, opened.session)?;
    let refresh = opened.refresh.as_str();
    let secure = auth.cookie_secure.applies(caller.secure);
    let cookies = AppendHeaders([
        set_cookie(ACCESS_COOKIE, "/", &token, TOKEN_LIFETIME.num_seconds(), secure),
        set_cookie(
            REFRESH_COOKIE,
            REFRESH_PATH,
            refresh,
            refresh::LIFETIME.num_seconds(),
            secure,
        ),
    ]);
    let body = SignedIn {
        success: true,
        user: user.into(),
        token: &token,
        refresh_token: in_body.then_some(refresh),
    };
    Ok((status, cookies, no_store(), Json(body)).into_response())
}

/// Makes the client forget both tokens, whatever else it is told.
pub(super) fn forget_tokens(auth: &Auth, caller: &Caller, answer: impl IntoResponse) -> Response {
    let secure = auth.cookie_secure.applies(caller.secure);
    // The access cookie last: of several deletions in one answer, curl 7.88 (Debian 12) keeps only the last.
    let cookies = AppendHeaders([
        set_cookie(REFRESH_COOKIE, REFRESH_PATH, "", 0, secure),
        set_cookie(ACCESS_COOKIE, "/", "", 0, secure),
    ]);
    (cookies, no_store(), answer).into_response()
}

/// Tokens and personal data are for the asker alone.
pub(super) fn no_store() -> [(header::HeaderName, HeaderValue); 1] {
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}

fn set_cookie(name: &str, path: &str, value: &str, seconds: i64, secure: bool) -> (header::HeaderName, String) {
    let cookie = Cookie::build((name, value))
        .path(path)
        .max_age(time::Duration::seconds(seconds))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure);
    (header::SET_COOKIE, cookie.to_string())
}
