//! How the world asks: `POST /graphql`.

mod mutation;
mod query;
mod types;

use crate::app::App;
use async_graphql::{EmptySubscription, Schema, SchemaBuilder};
use axum::Router;
use shared_service::graphql::endpoint;

fn builder() -> SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription> {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription)
}

/// `POST /graphql`.
pub fn routes(app: &App) -> Router {
    let schema = builder().data(app.clone()).data(app.users.clone()).finish();
    endpoint(schema, None)
}

/// The schema as text; `conf/graphql/comments.graphql` is its copy.
pub fn sdl() -> String {
    builder().finish().sdl()
}
