//! What differs between two configurations.

use crate::{
    Config,
    types::{LIVE_BELOW, NEEDS_UPGRADE},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    fmt,
};

/// What a change needs to take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A reload.
    Live,
    /// A new process.
    NeedsUpgrade,
}

impl Effect {
    /// What a change of a key needs.
    pub fn of(path: &str) -> Self {
        let is_below = |key: &str| {
            path.strip_prefix(key)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if NEEDS_UPGRADE.into_iter().any(is_below) && !LIVE_BELOW.into_iter().any(is_below) {
            Self::NeedsUpgrade
        } else {
            Self::Live
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::NeedsUpgrade => "needs upgrade",
        })
    }
}

/// One key whose effective value differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The key, from the root: `routes.media.timeouts.request`. Entries of named maps by name, instances by address.
    pub path: String,
    /// What it was; `None` where it was not.
    pub before: Option<Value>,
    /// What it becomes; `None` where it is no more. A secret that changed is hidden on both sides.
    pub after: Option<Value>,
    /// What that needs.
    pub effect: Effect,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, effect, .. } = self;
        let shown = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match (self.before.as_ref().map(shown), self.after.as_ref().map(shown)) {
            (None, after) => write!(f, "+ {path}: {} ({effect})", after.unwrap_or_default()),
            (Some(before), None) => write!(f, "- {path}: {before} ({effect})"),
            (Some(before), Some(after)) if before == after => write!(f, "~ {path}: changed, not shown ({effect})"),
            (Some(before), Some(after)) => write!(f, "~ {path}: {before} -> {after} ({effect})"),
        }
    }
}

/// The keys whose effective values differ, in the order of the types; none if both mean the same, however they are written.
pub fn diff(before: &Config, after: &Config) -> Vec<Change> {
    let known: HashMap<_, _> = before.secrets().collect();
    let changed = after
        .secrets()
        .filter(|(path, value)| known.get(path).is_some_and(|old| old != value));
    let mut comparison = Comparison {
        secrets: changed.map(|(path, _)| path).collect(),
        changes: Vec::new(),
    };
    comparison.compare("", Some(&before.effective()), Some(&after.effective()));
    comparison.changes
}

struct Comparison {
    /// Paths of secrets that differ, which their shown forms may hide.
    secrets: HashSet<String>,
    changes: Vec<Change>,
}

impl Comparison {
    fn compare(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        if let (Some(before), Some(after)) = (before, after) {
            if let (Some(before), Some(after)) = (named(before), named(after)) {
                self.entries(path, &before, &after);
                return;
            }
            if before == after && !self.secrets.contains(path) {
                return;
            }
        }
        self.changes.push(Change {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
            effect: Effect::of(path),
        });
    }

    fn entries(&mut self, path: &str, before: &Entries<'_>, after: &Entries<'_>) {
        let (known, wanted): (HashMap<_, _>, HashMap<_, _>) =
            (before.iter().copied().collect(), after.iter().copied().collect());
        let added = after.iter().filter(|(key, _)| !known.contains_key(key));
        for (key, _) in before.iter().chain(added) {
            let below = if path.is_empty() {
                (*key).to_owned()
            } else {
                format!("{path}.{key}")
            };
            self.compare(&below, known.get(key).copied(), wanted.get(key).copied());
        }
    }
}

type Entries<'v> = Vec<(&'v str, &'v Value)>;

/// What is compared name by name: maps, and lists whose items have an address.
fn named(value: &Value) -> Option<Entries<'_>> {
    match value {
        Value::Object(entries) => Some(entries.iter().map(|(key, value)| (key.as_str(), value)).collect()),
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .map(|item| Some((item.get("address")?.as_str()?, item)))
            .collect(),
        _ => None,
    }
}
