//! What a run found.

use super::Plan;
use crate::record::Summary;
use bench_report::model::{ErrorCount, Generator, Latency, Load, Second, Stage, Step, Totals};
use std::time::{Duration, Instant};

/// The share of the uncorrected 99th percentile that lag may make up. Of the corrected one it would forgive too much: a generator
/// that cannot follow makes that one as long as the run.
const LAG_SHARE: f64 = 0.1;

/// The share of a processor above which a generator thread is said to be saturated.
const SATURATED: f64 = 0.95;

/// What a run found, in the report's terms.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What was asked for; `protocol` and `target` are the caller's to fill.
    pub load: Load,
    /// When the measured time began.
    pub begun: Instant,
    /// What happened.
    pub totals: Totals,
    /// All steps as one.
    pub overall: Step,
    /// By step. One named `(never begun)` comes last if the run gave up iterations that still waited.
    pub steps: Vec<Step>,
    /// By second, those after the schedule's end too; `cpu` and `marks` are the caller's to fill.
    pub timeline: Vec<Second>,
    /// By rate, where it changes; ramps in up to ten parts.
    pub stages: Vec<Stage>,
    /// What went wrong, most frequent first.
    pub errors: Vec<ErrorCount>,
    /// The generator's conduct.
    pub generator: Generator,
    /// Why the figures say nothing about the target; empty for a valid run.
    pub invalid: Vec<String>,
    /// What a reader must know besides.
    pub notes: Vec<String>,
}

/// What the threads say of themselves.
pub(super) struct Conduct {
    /// Processor time over time, by thread.
    pub cpu: Vec<f64>,
    pub begun: Instant,
    /// Of the measured time, as it was.
    pub duration: Duration,
}

impl Measured {
    pub(super) fn new(plan: &Plan, summary: Summary, timeline: Vec<Second>, conduct: &Conduct) -> Self {
        let open = plan.pace.final_rate().is_some();
        let lag_bound_us = lag_bound_us(plan, summary.overall.uncorrected.p99_us);
        let mut notes = summary.notes;
        notes.extend(late_tail(plan, &summary.lag, &summary.overall));
        let generator = Generator {
            lag: summary.lag,
            lag_bound_us,
            cpu: conduct.cpu.iter().sum::<f64>() / conduct.cpu.len().max(1) as f64,
            threads: plan.threads,
        };
        Self {
            load: Load {
                mode: if open { "open" } else { "closed" }.to_owned(),
                rate: plan.pace.final_rate(),
                duration_s: conduct.duration.as_secs_f64(),
                warmup_s: plan.warmup.as_secs_f64(),
                clients: plan.clients,
                ..Load::default()
            },
            begun: conduct.begun,
            totals: summary.totals,
            overall: summary.overall,
            steps: summary.steps,
            timeline,
            stages: summary.stages,
            errors: summary.errors,
            invalid: if open { invalid(&generator, conduct) } else { Vec::new() },
            generator,
            notes,
        }
    }
}

/// Lag that is small against what was measured did not shape it.
fn lag_bound_us(plan: &Plan, uncorrected_us: f64) -> f64 {
    let own = plan.lag_bound.as_secs_f64() * 1e6;
    own.max(uncorrected_us * LAG_SHARE)
}

/// A run can be valid at its 99th percentile and still owe its tail to the generator.
fn late_tail(plan: &Plan, lag: &Latency, overall: &Step) -> Option<String> {
    (lag.p999_us > lag_bound_us(plan, overall.uncorrected.p999_us)).then(|| {
        format!(
            "the 99.9th percentile of the generator's own lag is {:.0} µs: times above the 99th percentile are partly its own",
            lag.p999_us
        )
    })
}

fn invalid(generator: &Generator, conduct: &Conduct) -> Vec<String> {
    let mut reasons = Vec::new();
    if generator.lag.p99_us > generator.lag_bound_us {
        reasons.push(format!(
            "the generator was late itself: the 99th percentile of its lag is {:.0} µs, and {:.0} µs would be tolerable; \
             give it more threads or processors, or ask for less",
            generator.lag.p99_us, generator.lag_bound_us
        ));
    }
    let busiest = conduct.cpu.iter().copied().fold(0.0, f64::max);
    if busiest > SATURATED {
        reasons.push(format!(
            "a generator thread used {:.0} % of a processor; give the generator more threads, or ask for less",
            busiest * 100.0
        ));
    }
    reasons
}
