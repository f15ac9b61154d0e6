//! Makes a plan's calls: a query's at the same time, a mutation's one after the other.

use crate::plan::{Fetch, Plan};
use crate::request::Variables;
use crate::{Call, SubgraphClient, SubgraphError};
use bytes::Bytes;
use futures::future::join_all;

/// The answers, in the order of the plan's fetches.
pub(crate) type Fetched = Vec<Result<Bytes, SubgraphError>>;

/// Asks the subgraphs. A call that fails stops no other: root fields are independent of each other.
pub(crate) async fn execute<C: SubgraphClient>(
    plan: &Plan,
    ordered: bool,
    variables: &Variables,
    client: &C,
    context: &C::Context,
) -> Fetched {
    let call = async |fetch: &Fetch| {
        let call = Call {
            subgraph: &fetch.subgraph,
            body: body(fetch, variables),
            is_query: !ordered,
        };
        client.call(call, context).await
    };
    if !ordered {
        return join_all(plan.fetches.iter().map(call)).await;
    }
    let mut fetched = Vec::with_capacity(plan.fetches.len());
    for fetch in &plan.fetches {
        fetched.push(call(fetch).await);
    }
    fetched
}

/// Writes a request. The client's values are copied, not read: the subgraph sees the very bytes that were checked.
fn body(fetch: &Fetch, variables: &Variables) -> Bytes {
    let mut body = String::with_capacity(fetch.document.len() + 64);
    body.push_str("{\"query\":");
    body.push_str(&fetch.document);
    if let Some(name) = &fetch.operation {
        // A GraphQL name needs no escaping, here and below.
        body.push_str(",\"operationName\":\"");
        body.push_str(name);
        body.push('"');
    }
    let mut separator = ",\"variables\":{\"";
    for name in &fetch.variables {
        let Some(value) = variables.get(name.as_str()) else {
            continue;
        };
        body.push_str(separator);
        body.push_str(name);
        body.push_str("\":");
        body.push_str(value.get());
        separator = ",\"";
    }
    body.push_str(if separator == ",\"" { "}}" } else { "}" });
    body.into()
}
