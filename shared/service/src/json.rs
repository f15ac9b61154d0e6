//! Extractors whose refusals are typed: a status, a stable code, the field at fault.

use crate::ApiError;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, header, request::Parts},
};
use serde::de::DeserializeOwned;
use shared_contracts::Code;

/// A JSON body (RFC 8259). Refuses other content types (415), bodies over the limit (413), what is not JSON (400
/// `MALFORMED_JSON`), and what does not fit `T` (400, the field named).
#[derive(Debug)]
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(
                Code::UnsupportedMediaType,
                "Send the body as application/json",
            ));
        }
        let body =
            Bytes::from_request(request, state)
                .await
                .map_err(|rejection| match rejection.status().as_u16() {
                    413 => ApiError::new(Code::BodyTooLarge, "The body is larger than allowed"),
                    _ => {
                        ApiError::new(Code::BadRequest, "The body could not be read").with_source(rejection.to_string())
                    }
                })?;
        parse(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if !inner.is_data() {
            return ApiError::new(Code::MalformedJson, format!("The body is not JSON: {inner}"));
        }
        typed(&path, &inner.to_string())
    })?;
    reader
        .end()
        .map_err(|error| ApiError::new(Code::MalformedJson, format!("The body is not JSON: {error}")))?;
    Ok(value)
}

/// serde's texts name the field only in prose; clients want it apart.
fn typed(path: &str, text: &str) -> ApiError {
    let text = text.split(" at line ").next().unwrap_or(text);
    let quoted = text.split('`').nth(1);
    let (code, field) = match quoted {
        Some(name) if text.starts_with("unknown field") => (Code::UnknownField, join(path, name)),
        Some(name) if text.starts_with("missing field") => (Code::ValidationFailed, join(path, name)),
        _ => (Code::ValidationFailed, path.to_owned()),
    };
    let error = ApiError::new(code, text);
    if field.is_empty() || field == "." {
        error
    } else {
        error.with_field(field)
    }
}

/// serde_path_to_error already ends the path with an unknown field's name, but not with a missing one's.
fn join(path: &str, name: &str) -> String {
    if path == "." || path.is_empty() {
        name.to_owned()
    } else if path == name || path.ends_with(&format!(".{name}")) {
        path.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Query parameters; refuses what does not fit `T` (400, the parameter named where it is known).
#[derive(Debug)]
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
                let (path, text) = text.split_once(": ").unwrap_or((".", text));
                Err(typed(path, text))
            }
        }
    }
}

/// Path parameters; what does not fit `T` does not exist (404).
#[derive(Debug)]
pub struct ApiPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found
            .map(|Path(value)| Self(value))
            .map_err(|_| ApiError::not_found("Object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Input {
        name: String,
        inner: Option<Inner>,
    }

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        age: u8,
    }

    #[test]
    fn refusals_name_the_code_and_the_field() {
        let cases = [
            ("{", Code::MalformedJson, None),
            ("{\"name\":\"a\"} x", Code::MalformedJson, None),
            ("[]", Code::ValidationFailed, None),
            ("{}", Code::ValidationFailed, Some("name")),
            ("{\"name\":1}", Code::ValidationFailed, Some("name")),
            ("{\"name\":\"a\",\"x\":1}", Code::UnknownField, Some("x")),
            (
                "{\"name\":\"a\",\"inner\":{}}",
                Code::ValidationFailed,
                Some("inner.age"),
            ),
            (
                "{\"name\":\"a\",\"inner\":{\"age\":300}}",
                Code::ValidationFailed,
                Some("inner.age"),
            ),
            (
                "{\"name\":\"a\",\"inner\":{\"age\":3,\"y\":1}}",
                Code::UnknownField,
                Some("inner.y"),
            ),
        ];
        for (body, code, field) in cases {
            let error = parse::<Input>(body.as_bytes()).unwrap_err();
            assert_eq!((error.code, error.field.as_deref()), (code, field), "{body}: {error}");
        }
    }
}
