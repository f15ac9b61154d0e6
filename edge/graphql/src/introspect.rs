//! `__schema` and `__type`, answered from the composed schema.

use crate::compose::Api;
use crate::error::{GraphqlError, Refusal};
use crate::prepare::Prepared;
use apollo_compiler::introspection;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use bytes::Bytes;
use shared_contracts::Code;

/// Response keys and their values in JSON.
pub(crate) type Introspected = Vec<(String, Bytes)>;

/// Executes the introspection fields of a query. An answer that no variable changes is made once.
pub(crate) fn introspect(api: &Api, prepared: &Prepared, variables: &Valid<JsonMap>) -> Result<Introspected, Refusal> {
    if let Some(known) = prepared.introspection.get() {
        return Ok(known.clone());
    }
    let response = introspection::partial_execute(
        &api.schema,
        &api.implementers,
        &prepared.document,
        &prepared.operation,
        variables,
    )
    .map_err(|error| {
        tracing::error!(error = %error.message(), "introspection failed");
        Refusal::graphql(vec![GraphqlError::new(Code::Internal, "Introspection failed.")])
    })?;
    let data = response.data.unwrap_or_default();
    let answer: Introspected = data
        .iter()
        .map(|(key, value)| {
            (
                key.as_str().to_owned(),
                Bytes::from(serde_json::to_vec(value).unwrap_or_default()),
            )
        })
        .collect();
    if prepared.operation.variables.is_empty() {
        // Another request may have been first: its answer is the same.
        let _ = prepared.introspection.set(answer.clone());
    }
    Ok(answer)
}
