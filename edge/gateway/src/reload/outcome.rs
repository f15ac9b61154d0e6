//! What became of a reload.

use crate::finding::Finding;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// Who wanted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Trigger {
    /// The edge was started.
    Start,
    /// A file changed.
    Watch,
    /// SIGHUP.
    Signal,
    /// The API.
    Api,
    /// The API, back to an earlier generation.
    Rollback,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Watch => "watch",
            Self::Signal => "signal",
            Self::Api => "api",
            Self::Rollback => "rollback",
        })
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// A new generation serves.
    Applied,
    /// It says the same as what serves.
    Unchanged,
    /// The old generation goes on.
    Refused,
}

impl Verdict {
    /// All of them, in the order of their counters.
    pub(crate) const ALL: [Self; 3] = [Self::Applied, Self::Unchanged, Self::Refused];

    /// As metrics and people read it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// What a reload comes to, before anybody is told.
#[derive(Default)]
pub(super) struct Attempt {
    /// What is new in it.
    pub(super) changes: Vec<String>,
    /// Keys that wait for the next process.
    pub(super) needs_upgrade: Vec<String>,
    /// What works and is hardly meant.
    pub(super) warnings: Vec<Finding>,
    /// Why not. Empty unless refused.
    pub(super) errors: Vec<Finding>,
    /// Whether it says the same as what serves.
    pub(super) is_unchanged: bool,
}

impl Attempt {
    /// One that ends here.
    pub(super) fn refused(errors: Vec<Finding>) -> Self {
        Self {
            errors,
            ..Self::default()
        }
    }

    fn verdict(&self) -> Verdict {
        match (self.errors.is_empty(), self.is_unchanged) {
            (false, _) => Verdict::Refused,
            (true, true) => Verdict::Unchanged,
            (true, false) => Verdict::Applied,
        }
    }

    /// What is told of it. `generation` is the one that serves afterwards.
    pub(super) fn into_outcome(self, trigger: Trigger, generation: u64, took: Duration) -> Outcome {
        Outcome {
            outcome: self.verdict(),
            trigger,
            at: Utc::now(),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            generation,
            changes: self.changes,
            needs_upgrade: self.needs_upgrade,
            warnings: self.warnings,
            errors: self.errors,
        }
    }
}

/// What is told of a reload.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// What became of it.
    pub(crate) outcome: Verdict,
    /// Who wanted it.
    pub(crate) trigger: Trigger,
    /// When it ended.
    pub(crate) at: DateTime<Utc>,
    /// How long it took.
    pub(crate) took_ms: u64,
    /// The generation that serves now.
    pub(crate) generation: u64,
    /// What is new: `~ routes.a.max_body: 1MiB -> 2MiB (live)`.
    pub(crate) changes: Vec<String>,
    /// Keys whose new values wait for the next process.
    pub(crate) needs_upgrade: Vec<String>,
    /// What works and is hardly meant.
    pub(crate) warnings: Vec<Finding>,
    /// Why it was refused.
    pub(crate) errors: Vec<Finding>,
}

impl Outcome {
    /// The log's words, loud where somebody has to act.
    pub(super) fn log(&self) {
        let (generation, trigger) = (self.generation, self.trigger);
        match self.outcome {
            Verdict::Applied => {
                let changes = self.changes.join(", ");
                tracing::info!(generation, %trigger, took_ms = self.took_ms, changes, "configuration applied");
            }
            Verdict::Unchanged => tracing::info!(generation, %trigger, "configuration unchanged"),
            Verdict::Refused => {
                for mistake in &self.errors {
                    tracing::error!("{mistake}");
                }
                let mistakes = self.errors.len();
                tracing::error!(%trigger, mistakes, "configuration refused: generation {generation} goes on");
            }
        }
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        if !self.needs_upgrade.is_empty() {
            tracing::warn!("needs upgrade: {}", self.needs_upgrade.join(", "));
        }
    }
}
