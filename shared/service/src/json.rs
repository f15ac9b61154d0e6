//! Extractors whose refusals are typed: a status, a stable code, the field at fault.

use crate::{
    ApiError,
    wording::{invalid, typed},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, header, request::Parts},
};
use serde::de::{DeserializeOwned, IgnoredAny};
use shared_contracts::Code;

/// A JSON body (RFC 8259). Refuses other content types (415), bodies over the limit (413), what is not JSON (400
/// `MALFORMED_JSON`), and what does not fit `T` (400, the field named).
#[derive(Debug)]
pub struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        JsonBody::from_request(request, state).await?.read().map(Self)
    }
}

/// A body that says it is JSON and is not read yet; refuses as [`ApiJson`], in two steps.
#[derive(Debug)]
pub(crate) struct JsonBody(Bytes);

impl JsonBody {
    /// As it came.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// What it says.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        parse(&self.0)
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(
                Code::UnsupportedMediaType,
                "Send the body as application/json",
            ));
        }
        let body = Bytes::from_request(request, state).await;
        body.map(Self).map_err(|rejection| match rejection.status().as_u16() {
            413 => ApiError::new(Code::BodyTooLarge, "The body is larger than allowed"),
            _ => ApiError::new(Code::BadRequest, "The body could not be read").with_source(rejection.to_string()),
        })
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
    let text = std::str::from_utf8(body).map_err(|_| ApiError::new(Code::MalformedJson, "The body is not UTF-8"))?;
    // Whether it is JSON at all comes first: else the answer would depend on which fault stands further left.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ApiError::new(
            Code::MalformedJson,
            format!("The body is not valid JSON (line {line}, column {column})"),
        )
    })?;
    // serde would also take a list, its items in the order of the fields.
    if !text.trim_start().starts_with('{') {
        return Err(ApiError::new(Code::BadRequest, "The body must be a JSON object"));
    }
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            typed(&path, &inner.to_string())
        } else {
            // JSON's grammar allows them (RFC 8259, sections 6, 8.2 and 9).
            let what = "a number out of range, half of a surrogate pair, or too deep a nesting";
            invalid(&path, &format!("must not hold {what}"))
        }
    })
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
            ("", Code::MalformedJson, None),
            ("{", Code::MalformedJson, None),
            ("{\"x\":1} x", Code::MalformedJson, None),
            ("\u{feff}{}", Code::MalformedJson, None),
            ("[]", Code::BadRequest, None),
            ("[\"a\",{\"age\":3}]", Code::BadRequest, None),
            ("null", Code::BadRequest, None),
            ("{}", Code::ValidationFailed, Some("name")),
            ("{\"name\":1}", Code::ValidationFailed, Some("name")),
            ("{\"name\":1e999}", Code::ValidationFailed, Some("name")),
            (r#"{"name":"\ud800"}"#, Code::ValidationFailed, Some("name")),
            ("{\"name\":\"a\",\"name\":\"b\"}", Code::BadRequest, Some("name")),
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

    #[test]
    fn bytes_that_are_no_text_are_no_json() {
        let error = parse::<Input>(b"{\"name\":\"\xff\"}").unwrap_err();
        assert_eq!(error.code, Code::MalformedJson);
    }
}
