//! From counts to what a report says.

use super::{LONGEST, Place, Tally, tally::StepTally};
use crate::{StepId, schedule::Part};
use bench_report::model::{ALL_STEPS, ErrorCount, Latency, Stage, Step, Totals};

/// What a stage may leave undone and still count as kept up with: 3 % of what was due, …
const UNDONE: f64 = 0.03;
/// … what an answer that takes a quarter of a second leaves under way when the rate rises, …
const LATENCY_S: f64 = 0.25;
/// … and a few, since single iterations are no trend.
const FEW: f64 = 10.0;
/// A stage with more failures than this share of what was due was not kept up with.
const FAILURES: f64 = 0.01;

/// The step's name under which iterations are told that were never begun.
const NEVER_BEGUN: &str = "(never begun)";

/// The report's parts that come from a tally.
pub(crate) struct Summary {
    pub totals: Totals,
    pub overall: Step,
    pub steps: Vec<Step>,
    pub stages: Vec<Stage>,
    pub errors: Vec<ErrorCount>,
    pub lag: Latency,
    pub notes: Vec<String>,
}

/// `parts` are the schedule's, as far as the run came.
pub(crate) fn summarise(tally: &mut Tally, names: &[String], parts: &[Part]) -> Summary {
    let name = |place: Place| match place {
        Place::Before => NEVER_BEGUN.to_owned(),
        Place::Step(StepId(number)) => {
            let named = names.get(usize::from(number)).cloned();
            named.unwrap_or_else(|| format!("step {number}"))
        }
    };
    let places = (0..tally.steps.len()).map(|number| Place::Step(StepId(number as u16)));
    let mut steps: Vec<Step> = places.map(|place| step(name(place), tally.step(place))).collect();
    if tally.before.corrected.count() > 0 {
        steps.push(step(name(Place::Before), &tally.before));
    }
    let measured_s: f64 = parts.iter().map(|part| part.duration).sum();
    let in_time: u64 = tally.parts.iter().map(|part| part.ended_well).sum();
    let overall = overall(tally);
    Summary {
        totals: Totals {
            due: tally.due,
            completed: tally.completed,
            failed: tally.failed,
            dropped: tally.dropped,
            requests: tally.requests,
            rate: if measured_s > 0.0 {
                in_time as f64 / measured_s
            } else {
                0.0
            },
            bytes_received: tally.bytes,
        },
        notes: saturated(&overall),
        overall: step(ALL_STEPS.to_owned(), &overall),
        steps,
        stages: stages(tally, parts),
        errors: errors(tally, name),
        lag: tally.lag.latency(),
    }
}

fn step(name: String, tally: &StepTally) -> Step {
    Step {
        name,
        completed: tally.completed,
        failed: tally.failed,
        corrected: tally.corrected.latency(),
        uncorrected: tally.uncorrected.latency(),
    }
}

fn overall(tally: &Tally) -> StepTally {
    let mut overall = StepTally::new();
    for step in tally.steps.iter().chain([&tally.before]) {
        overall.merge(step);
    }
    overall
}

fn saturated(overall: &StepTally) -> Vec<String> {
    match overall.corrected.saturated() {
        0 => Vec::new(),
        count => vec![format!(
            "{count} times were longer than {} s and are told as that",
            LONGEST.as_secs()
        )],
    }
}

/// By rate; nothing where the rate never changes.
fn stages(tally: &Tally, parts: &[Part]) -> Vec<Stage> {
    if parts.len() < 2 {
        return Vec::new();
    }
    let stage = |(part, counts): (&Part, &super::tally::PartTally)| {
        let due = counts.due as f64;
        let undone = due - counts.dropped as f64 - counts.ended as f64;
        let allowed = UNDONE * due + LATENCY_S * (part.to - part.from).max(0.0) + FEW;
        let failures = counts.failed as f64 <= FAILURES * due;
        Stage {
            rate: f64::midpoint(part.from, part.to),
            achieved: if part.duration > 0.0 {
                counts.ended_well as f64 / part.duration
            } else {
                0.0
            },
            corrected: counts.corrected.latency(),
            failed: counts.failed + counts.dropped,
            sustained: counts.dropped == 0 && undone <= allowed && failures,
        }
    };
    parts.iter().zip(&tally.parts).map(stage).collect()
}

fn errors(tally: &Tally, name: impl Fn(Place) -> String) -> Vec<ErrorCount> {
    let mut all: Vec<_> = tally.errors.iter().collect();
    all.sort_by_key(|(key, error)| (std::cmp::Reverse(error.count), error.first, **key));
    let told = all.into_iter().map(|((kind, place), error)| ErrorCount {
        kind: (*kind).to_owned(),
        step: name(*place),
        example: error.example.clone(),
        count: error.count,
        first_at_s: error.first.as_secs_f64(),
    });
    told.collect()
}
