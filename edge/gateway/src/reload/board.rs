//! What is known of reloads and generations: for status, and to go back.

use super::{Outcome, Trigger, Verdict};
use crate::generation::{Generation, Source};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// Generations that are remembered.
const REMEMBERED: usize = 10;

/// One that is remembered. Its source is kept, so that it can be built again; it itself lives as long as its requests.
struct Remembered {
    number: u64,
    at: DateTime<Utc>,
    trigger: Trigger,
    changes: Vec<String>,
    source: Arc<Source>,
    generation: Weak<Generation>,
}

struct State {
    generations: VecDeque<Remembered>,
    last: Option<Outcome>,
    needs_upgrade: Vec<String>,
    rolled_back_to: Option<u64>,
}

/// Written by the reloader, read by the admin listener.
pub(crate) struct Board {
    file: PathBuf,
    started: Arc<Source>,
    state: Mutex<State>,
}

/// A generation as the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GenerationShown {
    /// Its number.
    pub(crate) number: u64,
    /// Since when it serves, or did.
    pub(crate) at: DateTime<Utc>,
    /// Who wanted it.
    pub(crate) trigger: Trigger,
    /// What was new in it.
    pub(crate) changes: Vec<String>,
    /// Whether it serves.
    pub(crate) active: bool,
    /// Whether requests that began with it are still at work, or it serves.
    pub(crate) in_use: bool,
}

/// What status says of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigShown {
    /// The file.
    pub(crate) file: String,
    /// Since when the generation that serves does.
    pub(crate) loaded_at: DateTime<Utc>,
    /// The generation that the file's content was given up for.
    pub(crate) rolled_back_to: Option<u64>,
    /// Keys whose values in the configuration wait for the next process.
    pub(crate) needs_upgrade: Vec<String>,
    /// What became of the last reload.
    pub(crate) last_reload: Option<Outcome>,
}

impl Board {
    /// With the first generation, of `file`.
    pub(crate) fn new(file: PathBuf, first: &Arc<Generation>) -> Self {
        let state = State {
            generations: VecDeque::new(),
            last: None,
            needs_upgrade: Vec::new(),
            rolled_back_to: None,
        };
        let board = Self {
            file,
            started: Arc::clone(&first.source),
            state: Mutex::new(state),
        };
        board.remember(first, Trigger::Start, Vec::new());
        board
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A generation serves.
    pub(super) fn remember(&self, generation: &Arc<Generation>, trigger: Trigger, changes: Vec<String>) {
        let generations = &mut self.state().generations;
        generations.push_back(Remembered {
            number: generation.number,
            at: Utc::now(),
            trigger,
            changes,
            source: Arc::clone(&generation.source),
            generation: Arc::downgrade(generation),
        });
        if generations.len() > REMEMBERED {
            generations.pop_front();
        }
    }

    /// A reload is over. `rolled_back_to`: it was to that generation, not to the file.
    pub(super) fn note(&self, outcome: &Outcome, rolled_back_to: Option<u64>) {
        let mut state = self.state();
        if outcome.outcome != Verdict::Refused {
            state.needs_upgrade.clone_from(&outcome.needs_upgrade);
            state.rolled_back_to = rolled_back_to;
        }
        state.last = Some(outcome.clone());
    }

    /// What the process was started with: keys that only a new process changes have these values.
    pub(crate) fn started(&self) -> Arc<Source> {
        Arc::clone(&self.started)
    }

    /// What a remembered generation was built from.
    pub(crate) fn source_of(&self, number: u64) -> Option<Arc<Source>> {
        let state = self.state();
        let found = state.generations.iter().find(|known| known.number == number)?;
        Some(Arc::clone(&found.source))
    }

    /// All that are remembered, the newest first: that one serves.
    pub(crate) fn generations(&self) -> Vec<GenerationShown> {
        let state = self.state();
        let shown = state
            .generations
            .iter()
            .rev()
            .enumerate()
            .map(|(age, known)| GenerationShown {
                number: known.number,
                at: known.at,
                trigger: known.trigger,
                changes: known.changes.clone(),
                active: age == 0,
                in_use: known.generation.strong_count() > 0,
            });
        shown.collect()
    }

    /// What status says.
    pub(crate) fn config(&self) -> ConfigShown {
        let state = self.state();
        ConfigShown {
            file: self.file.display().to_string(),
            loaded_at: state.generations.back().map(|newest| newest.at).unwrap_or_default(),
            rolled_back_to: state.rolled_back_to,
            needs_upgrade: state.needs_upgrade.clone(),
            last_reload: state.last.clone(),
        }
    }
}
