//! `POST /api/auth/login`: a session for whoever knows the password.

use super::answer::signed_in;
use crate::{
    app::Auth,
    domain::{account::Email, password::Password},
    store::{lockout::Pair, sessions, users},
};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use shared_contracts::Code;
use shared_postgres::{AsyncConnection, DbError};
use shared_service::{ApiError, ApiJson, ApiResult, Caller};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    email: String,
    password: String,
}

/// 200 with the user and its token; 401 `INVALID_CREDENTIALS`, 429 `TOO_MANY_ATTEMPTS`.
///
/// An unknown address costs the same work and gets the same answer as a wrong password.
pub(super) async fn login(
    State(auth): State<Arc<Auth>>,
    caller: Caller,
    ApiJson(input): ApiJson<Input>,
) -> ApiResult<Response> {
    let email = Email::parse(&input.email)?;
    let password = Password::shown(input.password)?;
    let pair = Pair::new(&email, caller.client_ip);

    // Looked at within the turn and counted before it ends: guesses sent at once cannot outrun the count.
    let turn = auth.hasher.turn().await?;
    if let Some(wait) = auth.lockout.wait(&pair).await {
        let detail = "Too many failed attempts to sign in to this account from here";
        return Err(ApiError::new(Code::TooManyAttempts, detail).with_retry_after(wait));
    }
    let found = users::by_email(&mut *auth.conn().await?, &email).await?;
    let (user, hash) = found.unzip();
    let (matches, turn) = auth.hasher.verify(turn, password, hash).await?;
    let Some(user) = user.filter(|_| matches) else {
        auth.lockout.failed(&pair).await;
        drop(turn);
        return Err(ApiError::new(Code::InvalidCredentials, "E-mail or password is wrong"));
    };
    drop(turn);
    auth.lockout.succeeded(&pair).await;

    let mut conn = auth.conn().await?;
    let opened = conn
        .transaction::<_, DbError, _>(async |conn| sessions::open(conn, user.id).await)
        .await?;
    drop(conn);
    signed_in(&auth, &caller, StatusCode::OK, user, &opened, false)
}
