//! What a thread counts, and how the counts of threads become one.

use super::Times;
use crate::{Failure, StepId};
use std::{collections::HashMap, time::Duration};

/// Significant figures of what is reported.
const FIGURES: u8 = 3;

/// An example longer than this, in characters, is shortened.
const EXAMPLE: usize = 300;

/// Where a failure is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    Step(StepId),
    /// No step was begun.
    Before,
}

/// One step.
pub(crate) struct StepTally {
    pub completed: u64,
    pub failed: u64,
    pub corrected: Times,
    pub uncorrected: Times,
}

impl StepTally {
    pub(crate) fn new() -> Self {
        Self {
            completed: 0,
            failed: 0,
            corrected: Times::new(FIGURES),
            uncorrected: Times::new(FIGURES),
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.completed += other.completed;
        self.failed += other.failed;
        self.corrected.merge(&other.corrected);
        self.uncorrected.merge(&other.uncorrected);
    }
}

/// One part of the schedule.
pub(crate) struct PartTally {
    /// Of the iterations due in it.
    pub due: u64,
    pub failed: u64,
    pub dropped: u64,
    pub corrected: Times,
    /// What happened while it lasted, whenever it was due.
    pub ended: u64,
    pub ended_well: u64,
}

/// Failures of one kind at one place.
pub(crate) struct ErrorTally {
    pub count: u64,
    /// From the begin of the measured time.
    pub first: Duration,
    pub example: String,
}

/// All that is kept of a thread's measured time.
pub(crate) struct Tally {
    pub steps: Vec<StepTally>,
    /// Iterations that the run gave up before they had begun.
    pub before: StepTally,
    pub parts: Vec<PartTally>,
    pub errors: HashMap<(&'static str, Place), ErrorTally>,
    pub lag: Times,
    pub due: u64,
    pub completed: u64,
    pub failed: u64,
    pub dropped: u64,
    pub requests: u64,
    pub bytes: u64,
}

impl Tally {
    pub(crate) fn new(steps: usize, parts: usize) -> Self {
        let part = || PartTally {
            due: 0,
            failed: 0,
            dropped: 0,
            corrected: Times::new(FIGURES),
            ended: 0,
            ended_well: 0,
        };
        Self {
            steps: (0..steps).map(|_| StepTally::new()).collect(),
            before: StepTally::new(),
            parts: (0..parts).map(|_| part()).collect(),
            errors: HashMap::new(),
            lag: Times::new(FIGURES),
            due: 0,
            completed: 0,
            failed: 0,
            dropped: 0,
            requests: 0,
            bytes: 0,
        }
    }

    pub(crate) fn step(&mut self, place: Place) -> &mut StepTally {
        let Place::Step(StepId(number)) = place else {
            return &mut self.before;
        };
        let number = usize::from(number);
        // A workload that records a step it never named still loses nothing.
        while self.steps.len() <= number {
            self.steps.push(StepTally::new());
        }
        &mut self.steps[number]
    }

    /// Counts a failure and keeps the first one's words.
    pub(crate) fn error(&mut self, place: Place, failure: &Failure, at: Duration) {
        let entry = self.errors.entry((failure.kind, place)).or_insert_with(|| ErrorTally {
            count: 0,
            first: at,
            example: shorten(&failure.detail),
        });
        entry.count += 1;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (number, step) in other.steps.iter().enumerate() {
            self.step(Place::Step(StepId(number as u16))).merge(step);
        }
        self.before.merge(&other.before);
        for (mine, part) in self.parts.iter_mut().zip(&other.parts) {
            mine.due += part.due;
            mine.failed += part.failed;
            mine.dropped += part.dropped;
            mine.corrected.merge(&part.corrected);
            mine.ended += part.ended;
            mine.ended_well += part.ended_well;
        }
        for (key, error) in other.errors {
            self.merge_error(key, error);
        }
        self.lag.merge(&other.lag);
        self.due += other.due;
        self.completed += other.completed;
        self.failed += other.failed;
        self.dropped += other.dropped;
        self.requests += other.requests;
        self.bytes += other.bytes;
    }

    fn merge_error(&mut self, key: (&'static str, Place), error: ErrorTally) {
        let Some(mine) = self.errors.get_mut(&key) else {
            self.errors.insert(key, error);
            return;
        };
        mine.count += error.count;
        if error.first < mine.first {
            mine.first = error.first;
            mine.example = error.example;
        }
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(EXAMPLE) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
