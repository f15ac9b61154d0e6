//! One report against another: every figure with its change, whether they may be compared at all, and whether rules hold.
//!
//! ```
//! use bench_report::compare::Rules;
//! let rules: Rules = "p99:+10%,cpu:+5%,errors:+0".parse()?;
//! assert_eq!(rules.iter().count(), 3);
//! # Ok::<(), bench_report::compare::RuleError>(())
//! ```

mod change;
mod comparable;
mod metric;
mod outcome;
mod pairs;
mod rules;

pub use change::{Change, Judgement, NOISE_PERCENT, Place};
pub use comparable::Difference;
pub use metric::Metric;
pub use outcome::Outcome;
pub use rules::{Bound, Rule, RuleError, Rules};

use crate::model::{Environment, Report};

/// The peer that rules are about where they name none: another proxy's growth is no fault of ours.
pub const OURS: &str = "edge";

/// What comes of holding one report against another.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The report that is compared with.
    pub before: Side,
    /// The report that is judged.
    pub after: Side,
    /// Why their figures must not be compared; empty where they may.
    pub obstacles: Vec<Difference>,
    /// What else differs, and may be the reason for a change: the compiler, the commit, a peer's version.
    pub notes: Vec<Difference>,
    /// Figure by figure; empty where the reports are of different kinds.
    pub changes: Vec<Change>,
    /// Rule by rule.
    pub outcomes: Vec<Outcome>,
}

/// What a report says of itself.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// The scenario, `peers` or `instructions`.
    pub title: String,
    /// When it was made; empty where it does not say.
    pub started_at: String,
    /// Where it was made; of instruction counts the compiler alone.
    pub environment: Environment,
    /// The command that makes it again; empty where it does not say.
    pub command: String,
}

impl Comparison {
    /// Whether the figures say anything about each other.
    pub fn comparable(&self) -> bool {
        self.obstacles.is_empty()
    }

    /// The exit decision: every rule holds. Rules never hold between reports that are not comparable; without rules
    /// nothing was asked, and nothing fails.
    pub fn passed(&self) -> bool {
        self.outcomes.is_empty() || (self.comparable() && self.outcomes.iter().all(Outcome::met))
    }

    /// How many figures were judged so.
    pub fn count(&self, judgement: Judgement) -> usize {
        let alike = self.changes.iter().filter(|change| change.judgement() == judgement);
        alike.count()
    }

    /// The exit decision in one sentence.
    pub fn summary(&self) -> String {
        let broken = self.outcomes.iter().filter(|outcome| !outcome.met()).count();
        match (self.comparable(), self.outcomes.len()) {
            (false, _) => "These reports are not comparable.".into(),
            (true, 0) => "No rules were given, so nothing is judged.".into(),
            (true, 1) if broken == 0 => "The rule holds.".into(),
            (true, all) if broken == 0 => format!("All {all} rules hold."),
            (true, all) => format!(
                "{broken} of {all} rules {} broken.",
                if broken == 1 { "is" } else { "are" }
            ),
        }
    }
}

/// Holds `after` against `before`.
pub fn compare(before: &Report, after: &Report, rules: &Rules) -> Comparison {
    let (obstacles, notes) = comparable::differences(before, after);
    let changes = pairs::changes(before, after);
    let outcomes = rules.iter().map(|rule| outcome::judge(rule, &changes)).collect();
    Comparison {
        before: side(before),
        after: side(after),
        obstacles,
        notes,
        changes,
        outcomes,
    }
}

fn side(report: &Report) -> Side {
    let header = match report {
        Report::Run(run) => &run.header,
        Report::Peers(peers) => &peers.header,
        Report::Instructions(counts) => {
            return Side {
                title: "instructions".into(),
                environment: Environment {
                    rustc: counts.rustc.clone(),
                    ..Environment::default()
                },
                ..Side::default()
            };
        }
    };
    Side {
        title: header.title.clone(),
        started_at: header.started_at.clone(),
        environment: header.environment.clone(),
        command: header.command.clone(),
    }
}
