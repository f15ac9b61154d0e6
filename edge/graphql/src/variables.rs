//! Variables: checked against the operation before any subgraph is asked.

use crate::compose::Api;
use crate::error::{GraphqlError, Refusal};
use crate::request::Variables;
use apollo_compiler::executable::Operation;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::validation::Valid;
use shared_contracts::Code;

/// Coerces the values of the operation's variables; others are ignored, as the specification wants.
pub(crate) fn coerce(api: &Api, operation: &Operation, given: &Variables) -> Result<Valid<JsonMap>, Refusal> {
    let mut values = JsonMap::new();
    for definition in &operation.variables {
        let name = definition.name.as_str();
        let Some(raw) = given.get(name) else { continue };
        let value: JsonValue = serde_json::from_str(raw.get())
            .map_err(|_| refusal(name, "the value is nested too deeply, or holds a number out of range"))?;
        values.insert(name, value);
    }
    coerce_variable_values(&api.schema, operation, &values).map_err(|error| {
        let (name, message) = culprit(api, operation, &values);
        refusal(&name, &message.unwrap_or_else(|| error.message().to_string()))
    })
}

/// Finds the variable at fault by trying each alone: the whole's message does not always name it.
fn culprit(api: &Api, operation: &Operation, values: &JsonMap) -> (String, Option<String>) {
    for definition in &operation.variables {
        let mut alone = operation.clone();
        alone.variables = vec![definition.clone()];
        if let Err(error) = coerce_variable_values(&api.schema, &alone, values) {
            return (definition.name.to_string(), Some(error.message().to_string()));
        }
    }
    (String::new(), None)
}

fn refusal(name: &str, message: &str) -> Refusal {
    let error = GraphqlError::new(Code::ValidationFailed, format!("Variable `${name}`: {message}"));
    Refusal::graphql(vec![error.field(format!("variables.{name}"))])
}
