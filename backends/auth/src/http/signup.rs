//! `POST /api/auth/signup`: a new account, signed in at once.

use super::answer::signed_in;
use crate::{
    app::Auth,
    domain::{
        account::{Email, Username, full_name},
        password::Password,
    },
    store::{
        sessions,
        users::{self, Taken},
    },
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared_contracts::Code;
use shared_postgres::{AsyncConnection, DbError};
use shared_service::{ApiError, ApiJson, ApiResult, Caller};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Input {
    username: String,
    email: String,
    password: String,
    full_name: String,
}

/// 201 with the user, its address and its token; 400 `VALIDATION_FAILED`, 409 `EMAIL_TAKEN` or `USERNAME_TAKEN`.
pub(super) async fn signup(
    State(auth): State<Arc<Auth>>,
    caller: Caller,
    ApiJson(input): ApiJson<Input>,
) -> ApiResult<Response> {
    let username = Username::parse(&input.username)?;
    let email = Email::parse(&input.email)?;
    let password = Password::chosen(input.password)?;
    let full_name = full_name(&input.full_name)?;

    // Told before the costly part. What comes in between, the constraints catch.
    let known = users::taken(&mut *auth.conn().await?, &email, &username).await?;
    if let Some(taken) = known {
        return Err(refuse(taken));
    }
    let hash = auth.hasher.hash(auth.hasher.turn().await?, password).await?;
    let mut conn = auth.conn().await?;
    let made = conn.transaction::<_, DbError, _>(async |conn| {
        let user = users::insert(conn, &username, &email, &hash, &full_name).await?;
        let opened = sessions::open(conn, user.id).await?;
        Ok((user, opened))
    });
    let (user, opened) = made
        .await
        .map_err(|error| Taken::by(&error).map_or_else(|| error.into(), refuse))?;
    drop(conn);
    tracing::info!(user = user.id, "signed up");
    let location = [(header::LOCATION, format!("/api/users/{}", user.id))];
    let answer = signed_in(&auth, &caller, StatusCode::CREATED, user, &opened, false)?;
    Ok((location, answer).into_response())
}

fn refuse(taken: Taken) -> ApiError {
    match taken {
        Taken::Email => {
            ApiError::new(Code::EmailTaken, "This e-mail address has an account already").with_field("email")
        }
        Taken::Username => ApiError::new(Code::UsernameTaken, "This user name is taken").with_field("username"),
    }
}
