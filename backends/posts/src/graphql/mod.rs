//! How the world asks: `POST /graphql`.

mod ahead;
mod mutation;
mod post_type;
mod query;
mod types;

use crate::app::App;
use async_graphql::{EmptySubscription, Schema, SchemaBuilder};
use axum::Router;
use shared_service::graphql::AnswerMemory;
use std::sync::Arc;

type Builder = SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription>;

fn builder() -> Builder {
    Schema::build(query::Query, mutation::Mutation, EmptySubscription)
}

/// `POST /graphql`.
pub fn routes(app: &App) -> Router {
    let schema = builder().data(app.clone()).data(app.users.clone()).finish();
    let memory = AnswerMemory::new(Arc::new(app.cache.clone()), app.users.clone());
    shared_service::graphql::endpoint(schema, Some(memory))
}

/// The schema as text; `conf/graphql/posts.graphql` is its copy.
pub fn sdl() -> String {
    builder().finish().sdl()
}
