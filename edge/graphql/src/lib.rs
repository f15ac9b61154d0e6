//! The composed `/graphql`: several subgraphs behind one schema.
//!
//! An operation's root fields are split over the subgraphs that own them, and the answers merged. Everything here is
//! free of I/O but for the [`SubgraphClient`] that the caller brings.
//!
//! ```text
//! HttpRequest → request → prepare (parse, validate, limits; remembered) → variables → plan → execute → merge → Answer
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answer;
mod collect;
mod compose;
mod engine;
mod error;
mod execute;
mod introspect;
mod limits;
mod merge;
mod plan;
mod prepare;
mod request;
mod subgraph;
#[cfg(test)]
mod testing;
mod variables;

pub use answer::{Answer, Label};
pub use compose::{ComposeError, Subgraph};
pub use engine::Engine;
pub use limits::Limits;
pub use request::HttpRequest;
pub use subgraph::{Call, SubgraphClient, SubgraphError};
