//! What an explanation says. Its JSON is an interface: docs/explain.md describes it.

use edge_config::{Origin, Source};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared_contracts::Code;

/// A request explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The configuration's file.
    pub(crate) file: String,
    /// The running edge's generation; none offline.
    pub(crate) generation: Option<u64>,
    /// The method asked about.
    pub(crate) method: String,
    /// The target asked about.
    pub(crate) target: String,
    /// What was decided, stage by stage, as far as the request gets.
    pub(crate) stages: Vec<Stage>,
    /// What becomes of it.
    pub(crate) verdict: Verdict,
}

/// A part of a request's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StageName {
    /// Who sends what.
    Arrive,
    /// Which route takes it.
    Route,
    /// Whether it may go on.
    Admit,
    /// Who gets it.
    Select,
    /// What that service sees.
    Forward,
    /// What the client sees.
    Respond,
}

impl StageName {
    /// In the order of the way.
    pub(crate) const ALL: [Self; 6] = [
        Self::Arrive,
        Self::Route,
        Self::Admit,
        Self::Select,
        Self::Forward,
        Self::Respond,
    ];

    /// In one word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Arrive => "arrive",
            Self::Route => "route",
            Self::Admit => "admit",
            Self::Select => "select",
            Self::Forward => "forward",
            Self::Respond => "respond",
        }
    }
}

/// A stage and what was found out there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stage {
    /// Which.
    pub(crate) stage: StageName,
    /// In the order in which it was found out.
    pub(crate) facts: Vec<Fact>,
}

/// Something that was found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fact {
    /// Its stable name; some come more than once.
    pub(crate) name: String,
    /// For machines.
    pub(crate) value: Value,
    /// For people.
    pub(crate) text: String,
    /// The key that says so, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Place>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The key, from the root.
    pub(crate) key: String,
    /// `file`, `defaults` or `built_in`.
    pub(crate) from: String,
    /// Line in the file, from 1; 0 for what is built in.
    pub(crate) line: u32,
    /// Variables that took part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) variables: Vec<Variable>,
}

/// A variable that took part in a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: String,
    /// Whether it was set; else its default in the file stands.
    pub(crate) set: bool,
}

impl Place {
    /// Of a key's value.
    pub(super) fn new(key: &str, source: &Source<'_>) -> Self {
        let (from, line) = match source.origin {
            Origin::File(at) => ("file", at.line),
            Origin::Defaults(at) => ("defaults", at.line),
            Origin::BuiltIn => ("built_in", 0),
        };
        let variables = source.variables.iter().map(|variable| Variable {
            name: variable.name.clone(),
            set: variable.set,
        });
        Self {
            key: key.to_owned(),
            from: from.to_owned(),
            line,
            variables: variables.collect(),
        }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The edge answers it itself.
    Answered,
    /// The edge's own GraphQL answers it.
    Composed,
    /// A service gets it.
    Forwarded,
    /// A service is asked for a WebSocket.
    Tunnelled,
}

/// What becomes of a request, in full. What does not apply is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// In one word.
    pub(crate) outcome: Outcome,
    /// In one sentence.
    pub(crate) text: String,
    /// The route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) route: Option<String>,
    /// The status, where the edge answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// The code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<Code>,
    /// The upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upstream: Option<String>,
    /// The address of the target, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// The method that the service sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// The path and query that the service sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
}

impl Verdict {
    /// One that says no more.
    pub(super) fn new(outcome: Outcome, text: String) -> Self {
        Self {
            outcome,
            text,
            route: None,
            status: None,
            code: None,
            upstream: None,
            target: None,
            method: None,
            path: None,
        }
    }

    /// The edge answers with this status.
    pub(super) fn answered(status: u16, why: &str) -> Self {
        Self {
            status: Some(status),
            ..Self::new(Outcome::Answered, format!("would be answered {status} {why}"))
        }
    }
}
