//! Diff: what a configuration would change of an edge that runs.

use crate::{
    finding::Finding,
    generation::{Generation, Parts, Read, Source},
    overrides::Shown,
};
use edge_config::{Change, Effect};
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, sync::Arc};

/// What comes of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Both mean the same.
    Same,
    /// Something differs.
    Changed,
    /// It cannot be used.
    Invalid,
}

/// A comparison with the running edge. Its JSON is an interface: docs/explain.md describes it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// In one word.
    pub(crate) verdict: Verdict,
    /// The generation that serves.
    pub(crate) generation: u64,
    /// Keys with other values: those that a reload changes, then those that a new process changes.
    pub(crate) changes: Vec<Change>,
    /// Schemas that both name and that hold something else now; a reload takes them.
    pub(crate) schemas: Vec<PathBuf>,
    /// What operators have set over the configuration; it holds over the new one too.
    pub(crate) overrides: Vec<Shown>,
    /// What works and is hardly meant.
    pub(crate) warnings: Vec<Finding>,
    /// Why it cannot be used.
    pub(crate) errors: Vec<Finding>,
}

/// Compares with what serves and, for keys that only a new process changes, with what the process was started with.
pub(crate) fn diff(started: &Source, active: &Generation, read: Read) -> Difference {
    let findings = |all: Vec<edge_config::Diagnostic>| all.into_iter().map(Finding::from).collect();
    let mut difference = Difference {
        verdict: Verdict::Invalid,
        generation: active.number,
        changes: Vec::new(),
        schemas: Vec::new(),
        overrides: Vec::new(),
        warnings: findings(read.warnings),
        errors: Vec::new(),
    };
    let wanted = match read.source {
        Ok(source) => Arc::new(source),
        Err(mistakes) => {
            difference.errors = findings(mistakes);
            return difference;
        }
    };
    // With parts of its own: what is only looked at leaves no counters behind.
    if let Err(error) = Generation::build(Arc::clone(&wanted), active.number + 1, &Parts::default(), None) {
        difference.errors = vec![error.diagnostic(&wanted.sources.load()).into()];
        return difference;
    }
    let of = |before: &Source, effect: Effect| {
        let mut changes = edge_config::diff(&before.config, &wanted.config);
        changes.retain(|change| change.effect == effect);
        changes
    };
    difference.changes = of(&active.source, Effect::Live);
    difference.changes.extend(of(started, Effect::NeedsUpgrade));
    difference.schemas = wanted.other_files(&active.source);
    difference.verdict = match difference.changes.is_empty() && difference.schemas.is_empty() {
        true => Verdict::Same,
        false => Verdict::Changed,
    };
    difference
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        for schema in &self.schemas {
            writeln!(f, "~ {}: holds something else ({})", schema.display(), Effect::Live)?;
        }
        let count = self.changes.len() + self.schemas.len();
        match (self.verdict, count) {
            (Verdict::Same, _) => write!(f, "the same as generation {}", self.generation),
            (_, 1) => write!(f, "1 difference from generation {}", self.generation),
            (_, count) => write!(f, "{count} differences from generation {}", self.generation),
        }
    }
}
