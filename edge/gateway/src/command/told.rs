//! What an edge told, for people.

use super::Failure;
use crate::reload::{Outcome, Verdict};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer as the type that it should have.
///
/// # Errors
/// It has another: that edge is of another version.
pub(super) fn told<T: DeserializeOwned>(body: Value) -> Result<T, Failure> {
    serde_json::from_value(body).map_err(|error| {
        Failure::Unreachable(format!(
            "edge: the answer is not understood ({error}); is it another version?"
        ))
    })
}

/// A reload in some lines.
pub(super) fn outcome(outcome: &Outcome) -> Vec<String> {
    let generation = outcome.generation;
    let mut lines = vec![match outcome.outcome {
        Verdict::Applied => format!("applied: generation {generation} serves ({} ms)", outcome.took_ms),
        Verdict::Unchanged => format!("unchanged: generation {generation} serves on"),
        Verdict::Refused => format!("refused: generation {generation} serves on"),
    }];
    let mut add = |what: &str, all: Vec<String>| lines.extend(all.iter().map(|one| format!("  {what}{one}")));
    add("", outcome.errors.iter().map(ToString::to_string).collect());
    add("", outcome.warnings.iter().map(ToString::to_string).collect());
    if outcome.outcome == Verdict::Applied {
        add("", outcome.changes.clone());
    }
    add("needs upgrade: ", outcome.needs_upgrade.clone());
    lines
}

/// `42 s`, `7 min`, `3 h 5 min`, `2 d 4 h`
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_shows_its_mistakes() {
        let body = json!({
            "code": "CONFIG_REFUSED", "outcome": "refused", "trigger": "api", "at": "2026-01-01T00:00:00Z", "tookMs": 3,
            "generation": 2, "changes": [], "needsUpgrade": [], "warnings": [],
            "errors": [{
                "code": "E101", "severity": "error", "file": "conf/edge.yaml", "line": 3, "column": 5,
                "path": "x", "message": "unknown key `x`", "help": "",
            }],
        });
        let lines = outcome(&told(body).unwrap());
        assert_eq!(
            lines,
            [
                "refused: generation 2 serves on",
                "  E101 edge.yaml:3:5 unknown key `x`"
            ]
        );
        assert!(told::<Outcome>(json!({})).is_err());
        let spans = [42, 600, 11_100, 187_200].map(span);
        assert_eq!(spans, ["42 s", "10 min", "3 h 5 min", "2 d 4 h"]);
    }
}
