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

    /// Puts a header field down: its key is the one below `changes` that names it, if there is one.
    pub(super) fn field(
        &mut self,
        changes: &str,
        stage: StageName,
        name: &str,
        field: &str,
        value: impl Into<Value>,
        text: String,
    ) {
        let named = |key: &&String| key.eq_ignore_ascii_case(field);
        let key = match self.sources.get(changes).map(|source| source.value) {
            Some(Value::Object(fields)) => fields.keys().find(named).map(|key| format!("{changes}.{key}")),
            Some(Value::Array(names)) => {
                let place = names
                    .iter()
                    .position(|name| name.as_str().is_some_and(|name| field.eq_ignore_ascii_case(name)));
                place.map(|place| format!("{changes}.{place}"))
            }
            _ => None,
        };
        let source = key.and_then(|key| Some(Place::new(&key, &self.sources.get(&key)?)));
        self.put(stage, name, value.into(), text, source);
    }

    /// A key's value as people read it; empty where there is none.
    pub(super) fn shown(&self, key: &str) -> String {
        self.sources
            .get(key)
            .map(|source| shown(source.value))
            .unwrap_or_default()
    }

    /// The words of a list; none where there is none.
    pub(super) fn words(&self, key: &str) -> Vec<String> {
        let list = self.sources.get(key).and_then(|source| source.value.as_array());
        let words = list.into_iter().flatten().filter_map(Value::as_str);
        words.map(str::to_owned).collect()
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
