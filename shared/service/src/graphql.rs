//! What the GraphQL services share: the endpoint, and how an [`ApiError`] becomes an answer.

mod outcome;
mod people;

pub use outcome::{Outcome, answer};
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
    let code = if error.path.is_empty() {
        Code::GraphqlValidationFailed
    } else {
        Code::BadRequest
    };
    error.extensions.get_or_insert_default().set("code", code.as_str());
}
