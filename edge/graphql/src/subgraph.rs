//! The way out: what this crate needs from whoever can reach a subgraph.

use async_trait::async_trait;
use bytes::Bytes;

/// Sends one GraphQL request to one subgraph. The gateway implements it on its pools, breakers and deadlines;
/// tests implement it with a script.
#[async_trait]
pub trait SubgraphClient: Send + Sync {
    /// What the caller wants to pass through to its own `call`: identity, request id, deadline.
    type Context: Send + Sync;

    /// Posts the call's body to its subgraph's GraphQL endpoint.
    ///
    /// Returns the body of the answer, whatever its status, if it is a GraphQL response.
    ///
    /// # Errors
    /// [`SubgraphError`]. A call must come back by its own deadline: nothing here waits for less.
    async fn call(&self, call: Call<'_>, context: &Self::Context) -> Result<Bytes, SubgraphError>;
}

/// One request to a subgraph.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// Whom to ask.
    pub subgraph: &'a str,
    /// `application/json`: `query`, and `variables` and `operationName` where there are any.
    pub body: Bytes,
    /// Whether asking twice changes nothing. A mutation may have been carried out though its answer was lost.
    pub is_query: bool,
}

/// Why a subgraph gave no answer. The client of `/graphql` learns the kind and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubgraphError {
    /// No target could be reached, or its breaker is open. Nothing was executed.
    #[error("no target could be reached")]
    Unavailable,
    /// No answer by the deadline. The work may have been done all the same.
    #[error("no answer in time")]
    Timeout,
    /// The answer broke off, was too large, or was no GraphQL response.
    #[error("the answer made no sense")]
    Failed,
}
