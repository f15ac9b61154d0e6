//! From a document's text to an operation that can be executed, remembered.
//!
//! The caches belong to one composed schema and go with it. A document's text and the operation's name are the key;
//! variables are not in it.

use crate::answer::Label;
use crate::collect::{self, Wanted};
use crate::compose::Api;
use crate::error::{GraphqlError, Refusal};
use crate::limits::{self, Limits, NESTING};
use crate::plan::{Plan, plan};
use apollo_compiler::executable::Operation;
use apollo_compiler::parser::Parser;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument, Node, introspection};
use bytes::Bytes;
use moka::sync::Cache;
use shared_contracts::Code;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Memory for prepared operations, counted in bytes of document times [`WEIGHT`].
const PREPARED_BYTES: u64 = 64 << 20;
/// A prepared operation takes about this many bytes a byte of its document.
const WEIGHT: usize = 32;
/// Refusals remembered: enough to blunt one client that repeats its mistake.
const REFUSALS: u64 = 256;
const REFUSALS_FOR: Duration = Duration::from_secs(60);
/// Longer documents carry data rather than structure and will not come again.
const MAX_CACHED: usize = 16 << 10;
/// Errors told about one document.
const MAX_ERRORS: usize = 20;

/// A valid operation within the limits.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) document: Valid<ExecutableDocument>,
    pub(crate) operation: Node<Operation>,
    /// `None` if the root fields depend on variables.
    plan: Option<Arc<Plan>>,
    /// The answer to its `__schema` and `__type`, where no variable changes it.
    pub(crate) introspection: OnceLock<Vec<(String, Bytes)>>,
}

impl Prepared {
    /// The plan with these coerced variables.
    pub(crate) fn plan(&self, api: &Api, variables: &JsonMap) -> Arc<Plan> {
        match &self.plan {
            Some(plan) => Arc::clone(plan),
            None => make_plan(api, &self.document, &self.operation, variables).into(),
        }
    }

    /// For logs.
    pub(crate) fn label(&self) -> Label {
        let name = self.operation.name.as_ref().map(ToString::to_string);
        Label {
            kind: self.operation.operation_type.name(),
            name,
        }
    }
}

fn make_plan(api: &Api, document: &ExecutableDocument, operation: &Operation, variables: &JsonMap) -> Plan {
    plan(
        api,
        document,
        operation,
        &collect::roots(document, operation, Wanted::With(variables)),
    )
}

/// Prepares operations and remembers them.
#[derive(Debug)]
pub(crate) struct Documents {
    limits: Limits,
    prepared: Cache<String, Arc<Prepared>>,
    refused: Cache<String, Arc<Refusal>>,
}

impl Documents {
    pub(crate) fn new(limits: Limits) -> Self {
        let weigh =
            |key: &String, _: &Arc<Prepared>| u32::try_from(key.len().saturating_mul(WEIGHT)).unwrap_or(u32::MAX);
        Self {
            limits,
            prepared: Cache::builder().max_capacity(PREPARED_BYTES).weigher(weigh).build(),
            refused: Cache::builder()
                .max_capacity(REFUSALS)
                .time_to_live(REFUSALS_FOR)
                .build(),
        }
    }

    /// The operation of this name in this document, or why it cannot be executed.
    pub(crate) fn get(&self, api: &Api, document: &str, name: Option<&str>) -> Result<Arc<Prepared>, Arc<Refusal>> {
        // A name cannot hold a NUL, so that the pair is unambiguous.
        let key = format!("{}\0{document}", name.unwrap_or_default());
        if let Some(prepared) = self.prepared.get(&key) {
            return Ok(prepared);
        }
        if let Some(refusal) = self.refused.get(&key) {
            return Err(refusal);
        }
        let keep = key.len() <= MAX_CACHED;
        match prepare(api, &self.limits, document, name) {
            Ok(prepared) => {
                let prepared = Arc::new(prepared);
                if keep {
                    self.prepared.insert(key, Arc::clone(&prepared));
                }
                Ok(prepared)
            }
            Err(errors) => {
                let refusal = Arc::new(Refusal::graphql(errors));
                if keep {
                    self.refused.insert(key, Arc::clone(&refusal));
                }
                Err(refusal)
            }
        }
    }
}

fn prepare(api: &Api, limits: &Limits, text: &str, name: Option<&str>) -> Result<Prepared, Vec<GraphqlError>> {
    if !limits::tokens_within(text, limits.tokens) {
        return Err(vec![limits::exceeded("tokens", limits.tokens)]);
    }
    let document = parse(api, limits, text)?;
    let unknown = |message: &str| vec![GraphqlError::new(Code::BadRequest, message).field("operationName")];
    let operation = match document.operations.get(name) {
        Ok(operation) => operation.clone(),
        Err(_) if document.operations.is_empty() => return Err(unknown("The document has no operation.")),
        Err(_) if name.is_some() => return Err(unknown("The document has no operation of this name.")),
        Err(_) => return Err(unknown("The document has several operations: name the wanted one.")),
    };
    limits::check(limits, &document, &operation).map_err(|error| vec![error])?;
    if collect::roots(&document, &operation, Wanted::All).len() > limits.root_fields {
        return Err(vec![limits::exceeded("root fields", limits.root_fields)]);
    }
    introspection::check_max_depth(&document, &operation).map_err(|error| {
        vec![GraphqlError::new(
            Code::GraphqlLimitExceeded,
            error.message().to_string(),
        )]
    })?;
    let fixed = !collect::is_conditional(&document, &operation);
    let plan = fixed.then(|| make_plan(api, &document, &operation, &JsonMap::new()).into());
    Ok(Prepared {
        document,
        operation,
        plan,
        introspection: OnceLock::new(),
    })
}

fn parse(api: &Api, limits: &Limits, text: &str) -> Result<Valid<ExecutableDocument>, Vec<GraphqlError>> {
    // The parser counts white space and commas as tokens too.
    let mut parser = Parser::new()
        .recursion_limit(NESTING)
        .token_limit(limits.tokens.saturating_mul(4));
    let ast = parser.parse_ast(text, "query.graphql");
    if parser.recursion_reached() > NESTING {
        return Err(vec![limits::too_deep(limits.depth)]);
    }
    if parser.tokens_reached() > limits.tokens.saturating_mul(4) {
        return Err(vec![limits::exceeded(
            "tokens, commas and comments",
            limits.tokens.saturating_mul(4),
        )]);
    }
    ast.map_err(|broken| told(Code::GraphqlParseFailed, &broken.errors))?
        .to_executable_validate(&api.schema)
        .map_err(|invalid| told(Code::GraphqlValidationFailed, &invalid.errors))
}

fn told(code: Code, errors: &DiagnosticList) -> Vec<GraphqlError> {
    errors
        .iter()
        .take(MAX_ERRORS)
        .map(|diagnostic| {
            let place = diagnostic.line_column_range().map(|range| range.start);
            GraphqlError::new(code, diagnostic.error.to_string()).at(place)
        })
        .collect()
}
