//! How the world asks: `POST /graphql`.

mod mutation;
mod query;
mod types;

use crate::app::App;
use async_graphql::{EmptySubscription, Schema, SchemaBuilder};
use axum::Router;
use shared_service::graphql::{Authors, endpoint_with};

fn builder() -> SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription> {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription)
}

/// `POST /graphql`.
pub fn routes(app: &App) -> Router {
    let schema = builder().data(app.clone()).finish();
    let users = app.users.clone();
    endpoint_with(schema, move |request, caller| {
        request.data(Authors::loader(&users, caller))
    })
}

/// The schema as text; `conf/graphql/comments.graphql` is its copy.
pub fn sdl() -> String {
    builder().finish().sdl()
}
