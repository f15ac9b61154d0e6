//! How the world asks: `POST /graphql`.

mod loaders;
mod mutation;
mod post_type;
mod query;
mod types;

use crate::app::App;
use async_graphql::{EmptySubscription, Schema, SchemaBuilder};
use axum::Router;

type Builder = SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription>;

fn builder() -> Builder {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription)
}

/// `POST /graphql`.
pub fn routes(app: &App) -> Router {
    let schema = builder().data(app.clone()).finish();
    let app = app.clone();
    shared_service::graphql::endpoint_with(schema, move |request, caller| loaders::prepare(request, caller, &app))
}

/// The schema as text; `conf/graphql/posts.graphql` is its copy.
pub fn sdl() -> String {
    builder().finish().sdl()
}
