//! `POST /reload` and `POST /generations/{number}/rollback`.

use super::{
    Operation,
    answer::{Answer, Refusal},
    overrides::record,
};
use crate::{
    edge::Edge,
    reload::{Ask, Outcome, Verdict},
};
use serde_json::{Value, json};
use shared_contracts::Code;
use std::sync::Arc;

/// Reads the file again.
pub(super) async fn reload(edge: &Arc<Edge>, operation: Operation) -> Result<Answer, Refusal> {
    record(edge, "reload", serving(edge), Value::Null, operation).await?;
    ask(edge, Ask::Reload).await
}

/// Back to an earlier generation's configuration. The file counts again as soon as its content changes.
pub(super) async fn rollback(edge: &Arc<Edge>, number: &str, operation: Operation) -> Result<Answer, Refusal> {
    let known = edge.board.generations();
    let number: Option<u64> = number.parse().ok();
    let found = number.and_then(|number| Some((number, edge.board.source_of(number)?)));
    let Some((number, source)) = found else {
        let known: Vec<String> = known.iter().map(|known| known.number.to_string()).collect();
        let detail = format!("That generation is not remembered; these are: {}.", known.join(", "));
        return Err(Refusal::new(Code::NotFound, detail).field("generation"));
    };
    if known.iter().any(|known| known.active && known.number == number) {
        let detail = format!("Generation {number} is the one that serves.");
        return Err(Refusal::new(Code::ValidationFailed, detail).field("generation"));
    }
    record(
        edge,
        "rollback",
        serving(edge),
        json!({ "generation": number }),
        operation,
    )
    .await?;
    ask(edge, Ask::Rollback(number, source)).await
}

/// The generation that serves, as the audit file tells it.
pub(super) fn serving(edge: &Edge) -> Value {
    json!({ "generation": edge.generation.load().number })
}

async fn ask(edge: &Edge, ask: Ask) -> Result<Answer, Refusal> {
    match edge.reloads.ask(ask).await {
        Some(outcome) if outcome.outcome == Verdict::Refused => Err(refused(&outcome)),
        Some(outcome) => Ok(Answer::json(&outcome)),
        None => {
            let detail = "No reload can be taken on: too many wait already, or the edge stops.";
            Err(Refusal::new(Code::ServiceUnavailable, detail))
        }
    }
}

fn refused(outcome: &Outcome) -> Refusal {
    let (mistakes, generation) = (outcome.errors.len(), outcome.generation);
    let plural = if mistakes == 1 { "mistake" } else { "mistakes" };
    let detail = format!("{mistakes} {plural}; generation {generation} goes on.");
    Refusal::new(Code::ConfigRefused, detail).with(outcome)
}
