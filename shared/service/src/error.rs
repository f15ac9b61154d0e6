//! One error type for all operations: what the client reads, and beside it what only the log sees.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared_contracts::{Code, Problem, problem};
use shared_postgres::DbError;
use std::{fmt, time::Duration};

/// The result of an operation.
pub type ApiResult<T> = Result<T, ApiError>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A failed operation. `detail` is client text; `source` is internal text and goes to the log only.
#[derive(Debug)]
pub struct ApiError {
    /// The stable code.
    pub code: Code,
    /// A sentence for the client.
    pub detail: String,
    /// The input field at fault.
    pub field: Option<String>,
    /// When to come again.
    pub retry_after: Option<Duration>,
    source: Option<Source>,
}

impl ApiError {
    /// An error that the client caused or must know of.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            retry_after: None,
            source: None,
        }
    }

    /// An invalid input field.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::ValidationFailed, detail).with_field(field)
    }

    /// No such object.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("{what} not found"))
    }

    /// Nobody is signed in.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "Sign in to do this")
    }

    /// Signed in, but not allowed.
    pub fn forbidden(detail: &str) -> Self {
        Self::new(Code::Forbidden, detail)
    }

    /// Something broke inside; the client learns only that.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::new(Code::Internal, "Something went wrong on our side").with_source(source)
    }

    /// A part that is needed is away; the client may try again in a second.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::new(Code::ServiceUnavailable, "Temporarily unavailable, try again shortly")
            .with_retry_after(Duration::from_secs(1))
            .with_source(source)
    }

    /// Names the field at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Tells when to come again; rounded up to whole seconds on the wire.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Keeps the cause, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the client can mend it (4xx).
    pub fn is_clients(&self) -> bool {
        self.code.status() < 500
    }

    /// Writes the internal cause to the log, where there is one.
    pub fn log(&self) {
        if let Some(source) = &self.source {
            if self.code == Code::Internal {
                tracing::error!(code = %self.code, error = %chain(source.as_ref()), "request failed");
            } else if self.is_clients() {
                // Nothing for an operator to do, and a client could fill the log with it.
                tracing::debug!(code = %self.code, error = %chain(source.as_ref()), "request refused");
            } else {
                tracing::warn!(code = %self.code, error = %chain(source.as_ref()), "request failed");
            }
        }
    }
}

/// The database's error ends a request with the code it knows; its text goes to the log.
impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        if error.is_unavailable() {
            Self::unavailable(error)
        } else {
            Self::internal(error)
        }
    }
}

/// What a transaction's closure needs, so that it can refuse with an [`ApiError`] and be rolled back.
impl From<diesel::result::Error> for ApiError {
    fn from(error: diesel::result::Error) -> Self {
        DbError::from(error).into()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// An error and its causes in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let mut problem = Problem::new(self.code, self.detail);
        problem.field = self.field;
        problem.request_id = crate::app::current_request_id();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 15.5.2: a 401 names a way to sign in.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_401_names_a_way_to_sign_in() {
        let challenge = |error: ApiError| error.into_response().headers().get(header::WWW_AUTHENTICATE).cloned();
        assert_eq!(challenge(ApiError::unauthenticated()).unwrap(), "Bearer");
        assert_eq!(challenge(ApiError::not_found("User")), None);
    }
}
