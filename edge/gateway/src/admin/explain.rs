//! `POST /explain`: what would become of a request. Nothing changes by it, so nothing is written down.

use super::{
    Operation,
    answer::{Answer, Refusal},
    overrides::parse,
};
use crate::{
    edge::Edge,
    explain::{Ask, ExplainError, World, explain as look},
};
use shared_contracts::Code;

/// Explains.
pub(super) async fn explain(edge: &Edge, operation: &Operation) -> Result<Answer, Refusal> {
    let ask: Ask = parse(&operation.body)?;
    let generation = edge.generation.load_full();
    match look(World::Running(edge), &generation, &ask).await {
        Ok(report) => Ok(Answer::json(&report)),
        Err(error @ ExplainError::Unsendable(_)) => Err(Refusal::new(Code::ValidationFailed, format!("{error}."))),
        Err(error @ ExplainError::Broken(_)) => Err(Refusal::new(Code::Internal, format!("{error}."))),
    }
}
