//! Collects facts by stage, each with the place that it comes from.

use super::report::{Fact, Place, Stage, StageName};
use edge_config::Sources;
use serde_json::Value;

/// Facts on their way into a report.
pub(super) struct Book<'b> {
    sources: &'b Sources,
    facts: Vec<(StageName, Fact)>,
}

impl<'b> Book<'b> {
    /// An empty one.
    pub(super) fn new(sources: &'b Sources) -> Self {
        Self {
            sources,
            facts: Vec::new(),
        }
    }

    /// Puts a fact down that no key decides.
    pub(super) fn note(&mut self, stage: StageName, name: &str, value: impl Into<Value>, text: impl Into<String>) {
        self.put(stage, name, value.into(), text.into(), None);
    }

    /// Puts a fact down that a key decides.
    pub(super) fn because(
        &mut self,
        key: &str,
        stage: StageName,
        name: &str,
        value: impl Into<Value>,
        text: impl Into<String>,
    ) {
        let source = self.sources.get(key).map(|source| Place::new(key, &source));
        self.put(stage, name, value.into(), text.into(), source);
    }

    fn put(&mut self, stage: StageName, name: &str, value: Value, text: String, source: Option<Place>) {
        let name = name.to_owned();
        self.facts.push((
            stage,
            Fact {
                name,
                value,
                text,
                source,
            },
        ));
    }

    /// Puts a key's value down as it is.
    pub(super) fn setting(&mut self, stage: StageName, key: &str, name: &str) {
        if let Some(source) = self.sources.get(key) {
            let value = source.value.clone();
            let text = shown(&value);
            self.because(key, stage, name, value, text);
        }
    }

    /// A key's value as people read it; empty where there is none.
    pub(super) fn shown(&self, key: &str) -> String {
        self.sources
            .get(key)
            .map(|source| shown(source.value))
            .unwrap_or_default()
    }

    /// All of it, stage by stage.
    pub(super) fn into_stages(self) -> Vec<Stage> {
        let mut stages: Vec<Stage> = Vec::new();
        for name in StageName::ALL {
            let facts = self.facts.iter().filter(|(stage, _)| *stage == name);
            let facts: Vec<Fact> = facts.map(|(_, fact)| fact.clone()).collect();
            if !facts.is_empty() {
                stages.push(Stage { stage: name, facts });
            }
        }
        stages
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
