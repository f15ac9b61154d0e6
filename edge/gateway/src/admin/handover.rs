//! `POST /upgrade`.

use super::{
    Operation,
    answer::{Answer, Refusal},
    overrides::record,
    reloads::serving,
};
use crate::{edge::Edge, handover::HandoverError};
use serde_json::{Value, json};
use shared_contracts::Code;
use std::sync::Arc;

/// Lets another process take over.
pub(super) async fn upgrade(edge: &Arc<Edge>, operation: Operation) -> Result<Answer, Refusal> {
    record(edge, "upgrade", serving(edge), Value::Null, operation).await?;
    match edge.handover.run().await {
        Ok(pid) => Ok(Answer::json(&json!({ "pid": pid }))),
        Err(error) => {
            let code = match error {
                HandoverError::Busy | HandoverError::First => Code::ServiceUnavailable,
                _ => Code::HandoverFailed,
            };
            Err(Refusal::new(code, format!("Nobody took over: {error}.")))
        }
    }
}
