//! What the GraphQL services share: the endpoint, and how an [`ApiError`] becomes an answer.

use crate::{ApiError, Caller};
use async_graphql::{Error, ErrorExtensions, ObjectType, Response, Schema, ServerError, SubscriptionType};
use async_graphql_axum::{GraphQLRequest, GraphQLResponse, rejection::GraphQLRejection};
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
    let handler = async move |caller: Caller, request: Result<GraphQLRequest, GraphQLRejection>| -> HttpResponse {
        match request {
            Ok(request) => {
                let response = schema.execute(request.into_inner().data(caller)).await;
                GraphQLResponse::from(with_codes(response)).into_response()
            }
            Err(rejection) => {
                let text = rejection.0.to_string();
                ApiError::new(Code::BadRequest, format!("Not a GraphQL request: {text}")).into_response()
            }
        }
    };
    Router::new().route("/graphql", post(handler))
}

/// Every error carries a code: those of resolvers have theirs, the rest come from parsing and validation.
fn with_codes(mut response: Response) -> Response {
    for error in &mut response.errors {
        if error.extensions.as_ref().is_none_or(|extensions| extensions.get("code").is_none()) {
            mark(error);
        }
    }
    response
}

fn mark(error: &mut ServerError) {
    let code = if error.path.is_empty() { Code::GraphqlValidationFailed } else { Code::BadRequest };
    error.extensions.get_or_insert_default().set("code", code.as_str());
}
