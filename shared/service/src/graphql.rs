//! What the GraphQL services share: the endpoint, and how an [`ApiError`] becomes an answer.

mod moment;
mod outcome;
mod people;

pub use moment::Moment;
pub use outcome::{DeletePayload, Outcome, answer};
pub use people::{Authors, PageInfo, User};

use crate::{ApiError, ApiJson, Caller};
use async_graphql::{Error, ErrorExtensions, ObjectType, Request, Response, Schema, ServerError, SubscriptionType};
use axum::{
    Router,
    response::{IntoResponse, Response as HttpResponse},
    routing::post,
};
use shared_contracts::Code;

/// Errors that only tell that the operation could not be answered; what a client can mend goes into the payload.
pub fn failure(error: &ApiError) -> Error {
    error.log();
    let code = error.code;
    Error::new(error.detail.clone()).extend_with(|_, extensions| extensions.set("code", code.as_str()))
}

/// `POST /graphql` for `schema`; resolvers find the [`Caller`] in the context.
pub fn endpoint<Q, M, S>(schema: Schema<Q, M, S>) -> Router
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    endpoint_with(schema, |request, _| request)
}

/// As [`endpoint`]; `prepare` adds what each request needs of its own, such as data loaders.
pub fn endpoint_with<Q, M, S, P>(schema: Schema<Q, M, S>, prepare: P) -> Router
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
    P: Fn(Request, &Caller) -> Request + Clone + Send + Sync + 'static,
{
    let handler = async move |caller: Caller, ApiJson(request): ApiJson<Request>| -> HttpResponse {
        let request = prepare(request, &caller).data(caller);
        axum::Json(with_codes(schema.execute(request).await)).into_response()
    };
    Router::new().route("/graphql", post(handler))
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
