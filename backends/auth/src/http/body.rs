//! A body that may be missing.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
};
use serde::{Deserialize, de::DeserializeOwned};
use shared_contracts::Code;
use shared_service::{ApiError, ApiJson};

/// A JSON body as [`ApiJson`] reads it, or none at all, whatever the content type says then.
pub(super) struct MaybeJson<T>(pub(super) Option<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for MaybeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
        let bytes = whole.map_err(|rejection| match rejection.status().as_u16() {
            413 => ApiError::new(Code::BodyTooLarge, "The body is larger than allowed"),
            _ => ApiError::new(Code::BadRequest, "The body could not be read").with_source(rejection.to_string()),
        })?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        let request = Request::from_parts(parts, Body::from(bytes));
        ApiJson::from_request(request, state)
            .await
            .map(|ApiJson(value)| Self(Some(value)))
    }
}

/// Where clients without a cookie jar put their refresh token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RefreshBody {
    pub(super) refresh_token: Option<String>,
}
