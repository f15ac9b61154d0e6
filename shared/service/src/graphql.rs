//! What the GraphQL services share: the endpoint, and how an [`ApiError`] becomes an answer.

mod authors;
mod memory;
mod moment;
mod outcome;
mod people;
mod reliance;
mod viewer;

pub use authors::{Authors, wanted};
pub use memory::{AnswerMemory, Marks};
pub use moment::Moment;
pub use outcome::{DeletePayload, Outcome, answer};
pub use people::{PageInfo, User};
pub use reliance::{Mark, Reliance};
pub use viewer::Viewer;

use crate::{ApiError, ApiResult, Caller, json::JsonBody};
use async_graphql::{
    Error, ErrorExtensions, ObjectType, Request, Response, Schema, ServerError, SubscriptionType, Value,
};
use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response as HttpResponse},
    routing::post,
};
use bytes::Bytes;
use shared_contracts::Code;
use std::sync::Arc;

/// Errors that only tell that the operation could not be answered; what a client can mend goes into the payload.
pub fn failure(error: &ApiError) -> Error {
    error.log();
    let code = error.code;
    Error::new(error.detail.clone()).extend_with(|_, extensions| extensions.set("code", code.as_str()))
}

/// `POST /graphql` for `schema`; resolvers find the [`Viewer`] in the context. With a `memory`, answers that may be
/// given again are.
pub fn endpoint<Q, M, S>(schema: Schema<Q, M, S>, memory: Option<AnswerMemory>) -> Router
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    let handler = async move |caller: Caller, body: JsonBody| -> ApiResult<HttpResponse> {
        if let Some(memory) = &memory
            && let Some(answer) = memory.recall(body.bytes(), caller.user.is_some()).await
        {
            return Ok(json(answer));
        }
        let reliance = Arc::new(Reliance::default());
        let request = body.read::<Request>()?.data(Viewer::new(caller, &reliance));
        let response = with_codes(schema.execute(request).await);
        let answer = Bytes::from(serde_json::to_vec(&response).map_err(ApiError::internal)?);
        if let Some(memory) = &memory
            && let Some(ground) = ground(&response, &reliance)
        {
            memory.keep(body.bytes(), &answer, ground);
        }
        Ok(json(answer))
    };
    Router::new().route("/graphql", post(handler))
}

/// What an answer without errors stands on, if it may be given again.
fn ground(response: &Response, reliance: &Reliance) -> Option<reliance::Ground> {
    match &response.data {
        Value::Object(roots) if response.errors.is_empty() => reliance.ground(roots.len()),
        _ => None,
    }
}

fn json(body: Bytes) -> HttpResponse {
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    ([content_type], body).into_response()
}

/// Every error carries a code: those of resolvers have theirs, the rest come from parsing and validation.
fn with_codes(mut response: Response) -> Response {
    for error in &mut response.errors {
        if error
            .extensions
            .as_ref()
            .is_none_or(|extensions| extensions.get("code").is_none())
        {
            mark(error);
        }
    }
    response
}

fn mark(error: &mut ServerError) {
    let field = argument(&error.message).map(ToOwned::to_owned);
    let code = match &field {
        Some(_) => Code::ValidationFailed,
        None if error.path.is_empty() => Code::GraphqlValidationFailed,
        None => Code::BadRequest,
    };
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("code", code.as_str());
    if let Some(field) = field {
        extensions.set("field", field);
    }
}

/// The input that async-graphql's refusal of a value names, without the `input` object around it: payloads name their
/// fields so too.
fn argument(message: &str) -> Option<&str> {
    let path = message
        .strip_prefix("Invalid value for argument \"")?
        .split('"')
        .next()?;
    Some(path.strip_prefix("input.").unwrap_or(path))
}
