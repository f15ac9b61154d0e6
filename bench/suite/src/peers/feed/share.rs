//! One side's share of a round: saturated, then at the fixed rate.

use super::{Side, Wanted, asking::Asking};
use crate::system::{
    cpus::Layout,
    watch::{Used, Watch, Watched, micros_each},
};
use bench_load::{
    run::{Measured, Observer, Phase, Plan, run},
    schedule::Pace,
};
use bench_report::model::ProcessUse;
use bytes::Bytes;
use shared_stack::{Error, Result};
use std::{sync::Arc, time::Duration};

/// Enough for Node to compile what is hot.
const WARM_UP: Duration = Duration::from_secs(5);

/// What it found.
#[derive(Debug, Clone)]
pub(super) struct Share {
    /// CPU of all processes by request, saturated, in microseconds.
    pub(super) cpu_us: f64,
    /// The same at the fixed rate.
    pub(super) cpu_us_fixed: f64,
    /// Requests per second, saturated.
    pub(super) throughput: f64,
    /// Corrected times at the fixed rate, in microseconds: median, 99th, 99.9th percentile.
    pub(super) times: [f64; 3],
    /// Most memory of all processes together.
    pub(super) peak: u64,
    /// Requests that failed.
    pub(super) failed: u64,
    /// By process, saturated.
    pub(super) processes: Vec<ProcessUse>,
}

/// Measures it.
///
/// # Errors
/// A client cannot be opened, or the generator broke down.
pub(super) fn measure(
    side: &Side,
    signed_in: bool,
    expected: &Bytes,
    wanted: &Wanted,
    layout: &Layout,
) -> Result<Share> {
    let load = |pace| load(side, signed_in, expected, wanted, layout, pace);
    let (saturated, used) = load(Pace::Closed {
        duration: wanted.duration,
    })?;
    let (fixed, used_fixed) = load(Pace::constant(wanted.rate, wanted.duration))?;
    let times = &fixed.overall.corrected;
    let requests = done(&saturated);
    Ok(Share {
        cpu_us: micros_each(total(&used), requests),
        cpu_us_fixed: micros_each(total(&used_fixed), done(&fixed)),
        throughput: saturated.totals.rate,
        times: [times.p50_us, times.p99_us, times.p999_us],
        peak: used.iter().map(|used| used.peak).sum(),
        failed: saturated.totals.failed + fixed.totals.failed,
        processes: used.iter().map(|used| used.by_request(requests)).collect(),
    })
}

fn total(used: &[Used]) -> Duration {
    used.iter().map(|used| used.cpu).sum()
}

fn done(measured: &Measured) -> u64 {
    measured.totals.completed + measured.totals.failed
}

fn load(
    side: &Side,
    signed_in: bool,
    expected: &Bytes,
    wanted: &Wanted,
    layout: &Layout,
    pace: Pace,
) -> Result<(Measured, Vec<Used>)> {
    let failed = |why: String| Error::new(format!("{}: {why}", side.name));
    let asking = Asking::new(side, signed_in, Some(expected.clone()));
    let asking = Arc::new(asking.map_err(|failure| failed(failure.to_string()))?);
    let mut plan = Plan::new(pace, wanted.clients);
    plan.warmup = WARM_UP;
    plan.processors = layout
        .generator
        .as_ref()
        .map(|cpus| cpus.numbers().to_vec())
        .unwrap_or_default();
    plan.threads = u32::try_from(plan.processors.len())
        .unwrap_or(1)
        .clamp(1, wanted.clients);
    let mut accounts = Accounts {
        watched: side.watched.clone(),
        watch: None,
        used: Vec::new(),
    };
    let measured = run(&asking, plan, &mut accounts).map_err(|error| failed(error.to_string()))?;
    Ok((measured, accounts.used))
}

/// Reads accounts where the measured time begins and ends.
struct Accounts {
    watched: Vec<Watched>,
    watch: Option<Watch>,
    used: Vec<Used>,
}

impl Observer for Accounts {
    fn phase(&mut self, phase: Phase) {
        match phase {
            Phase::Measure => self.watch = Some(Watch::begin(self.watched.clone())),
            Phase::Drain => self.used = self.watch.take().map(Watch::end).unwrap_or_default(),
            Phase::Open | Phase::WarmUp | Phase::Done => {}
        }
    }
}
