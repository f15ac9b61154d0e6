//! Several subgraphs' answers into one response. The values of `data` are passed on as they came.

use crate::SubgraphError;
use crate::error::GraphqlError;
use crate::execute::Fetched;
use crate::introspect::Introspected;
use crate::plan::{Plan, Root, Source};
use apollo_compiler::parser::SourceMap;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use shared_contracts::Code;
use std::collections::HashMap;

/// A subgraph's answer, its data unread.
#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    data: Option<HashMap<String, &'a RawValue>>,
    #[serde(default)]
    errors: Option<Vec<Value>>,
}

/// Writes the response's body.
pub(crate) fn merge(plan: &Plan, fetched: &Fetched, introspected: &Introspected, sources: &SourceMap) -> Bytes {
    let mut errors = Vec::new();
    let answers: Vec<_> = plan
        .fetches
        .iter()
        .zip(fetched)
        .enumerate()
        .map(|(index, (fetch, result))| {
            let roots: Vec<_> = plan
                .roots
                .iter()
                .filter(|root| root.source == Source::Fetch(index))
                .collect();
            let telling = Telling {
                subgraph: &fetch.subgraph,
                roots: &roots,
                sources,
            };
            match result {
                Ok(body) => telling.read(body, &mut errors),
                Err(error) => {
                    telling.dead(*error, &mut errors);
                    HashMap::new()
                }
            }
        })
        .collect();
    let size = fetched.iter().flatten().map(Bytes::len).sum::<usize>();
    let mut out = String::with_capacity(size + 64);
    out.push_str("{\"data\":{");
    for (at, root) in plan.roots.iter().enumerate() {
        out.push_str(if at == 0 { "\"" } else { ",\"" });
        out.push_str(&root.key);
        out.push_str("\":");
        write_value(&mut out, root, &answers, introspected);
    }
    out.push('}');
    if !errors.is_empty() {
        out.push_str(",\"errors\":");
        out.push_str(&serde_json::to_string(&errors).unwrap_or_else(|_| "[]".into()));
    }
    out.push('}');
    out.into()
}

fn write_value(out: &mut String, root: &Root, answers: &[HashMap<String, &RawValue>], introspected: &Introspected) {
    let value = match &root.source {
        Source::Typename(name) => {
            out.push('"');
            out.push_str(name);
            out.push('"');
            return;
        }
        Source::Introspection => introspected
            .iter()
            .find(|(key, _)| *key == *root.key)
            .and_then(|(_, value)| std::str::from_utf8(value).ok()),
        Source::Fetch(index) => answers
            .get(*index)
            .and_then(|answer| answer.get(root.key.as_str()))
            .map(|value| value.get()),
    };
    out.push_str(value.unwrap_or("null"));
}

/// One subgraph's part of the errors.
struct Telling<'a> {
    subgraph: &'a str,
    roots: &'a [&'a Root],
    sources: &'a SourceMap,
}

impl Telling<'_> {
    /// Takes an answer apart; one that makes no sense counts as a dead subgraph.
    fn read<'b>(&self, body: &'b [u8], errors: &mut Vec<GraphqlError>) -> HashMap<String, &'b RawValue> {
        let response: Response<'b> = match serde_json::from_slice(body) {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(subgraph = self.subgraph, %error, "the answer is no GraphQL response");
                self.dead(SubgraphError::Failed, errors);
                return HashMap::new();
            }
        };
        let mut told: Vec<_> = response
            .errors
            .unwrap_or_default()
            .iter()
            .map(|error| self.error(error))
            .collect();
        let data = response.data.unwrap_or_default();
        // A whole answer without data has errors without paths: each root that is missing gets its own.
        let whole = told.iter().find(|error| error.root().is_none()).cloned();
        for root in self.roots.iter().filter(|root| !data.contains_key(root.key.as_str())) {
            if !told.iter().any(|error| error.root() == Some(root.key.as_str())) {
                let error = whole.clone().unwrap_or_else(|| masked(Code::UpstreamFailed));
                told.push(self.at(error, root).path(vec![root.key.as_str().into()]));
            }
        }
        let complete = self.roots.iter().all(|root| data.contains_key(root.key.as_str()));
        errors.extend(told.into_iter().filter(|error| complete || error.root().is_some()));
        data
    }

    /// One error for each root field of a subgraph that did not answer.
    fn dead(&self, error: SubgraphError, errors: &mut Vec<GraphqlError>) {
        let code = match error {
            SubgraphError::Unavailable => Code::ServiceUnavailable,
            SubgraphError::Timeout => Code::UpstreamTimeout,
            SubgraphError::Failed => Code::UpstreamFailed,
        };
        for root in self.roots {
            errors.push(self.at(masked(code), root).path(vec![root.key.as_str().into()]));
        }
    }

    /// A subgraph's error as the client may see it: what carries a code of ours keeps its text, the rest is masked.
    fn error(&self, error: &Value) -> GraphqlError {
        let text = error.get("message").and_then(Value::as_str).unwrap_or_default();
        let extension = |name: &str| {
            error
                .get("extensions")
                .and_then(|all| all.get(name))
                .and_then(Value::as_str)
        };
        let known = extension("code").and_then(|code| Code::ALL.iter().find(|known| known.as_str() == code));
        let mut told = match known {
            Some(code) if *code != Code::Internal => GraphqlError::new(*code, text),
            _ => {
                tracing::warn!(subgraph = self.subgraph, error = %error, "a subgraph's error is masked");
                masked(Code::Internal)
            }
        };
        if let Some(field) = extension("field") {
            told = told.field(field);
        }
        let path: Vec<Value> = error.get("path").and_then(Value::as_array).cloned().unwrap_or_default();
        let root = path
            .first()
            .and_then(Value::as_str)
            .and_then(|key| self.roots.iter().find(|root| *root.key == *key));
        match root {
            Some(root) => self.at(told, root).path(path),
            None => told,
        }
    }

    /// Places an error at its root field: the subgraph's own locations are of a document that the client never saw.
    fn at(&self, error: GraphqlError, root: &Root) -> GraphqlError {
        error.at(root.span.and_then(|span| span.line_column(self.sources)))
    }
}

fn masked(code: Code) -> GraphqlError {
    GraphqlError::new(
        code,
        match code {
            Code::ServiceUnavailable => "This part of the platform is unavailable just now: try again.",
            Code::UpstreamTimeout => "This part of the platform did not answer in time.",
            Code::UpstreamFailed => "This part of the platform gave no sensible answer.",
            _ => "Something went wrong.",
        },
    )
}
