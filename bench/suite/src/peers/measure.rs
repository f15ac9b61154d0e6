//! One peer's share of a round: saturated, then at the fixed rate.

use super::{Peer, Work, ask::Asking, start::Started, tokens::Tokens};
use crate::system::{
    cpus::Layout,
    place::Place,
    syscalls::Counting,
    watch::{Used, Watch, Watched, micros_each},
};
use bench_load::{
    run::{Measured, Observer, Phase, Plan, run},
    schedule::Pace,
};
use bench_report::{model::ErrorCount, terminal::Snapshot};
use shared_stack::{Error, Result};
use std::{ops::ControlFlow, sync::Arc, time::Duration};

/// How hard and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Measured time of each part.
    pub(crate) duration: Duration,
    /// Before each part.
    pub(crate) warmup: Duration,
    /// Clients.
    pub(crate) clients: u32,
    /// Requests per second of the fixed part.
    pub(crate) rate: f64,
}

/// What a peer's share found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Share {
    /// CPU of the peer's processes by request, saturated, in microseconds.
    pub(crate) cpu_us: f64,
    /// The same at the fixed rate.
    pub(crate) cpu_us_fixed: f64,
    /// Requests per second, saturated.
    pub(crate) throughput: f64,
    /// Corrected times at the fixed rate, in microseconds: median, 99th, 99.9th percentile. `None` where the generator was
    /// late itself.
    pub(crate) times: Option<[f64; 3]>,
    /// Share of the fixed rate that was reached.
    pub(crate) reached: f64,
    /// Share of its processors that the generator used while the peer was saturated.
    pub(crate) generator: f64,
    /// Most memory of all of the peer's processes.
    pub(crate) peak: u64,
    /// System calls by request.
    pub(crate) syscalls: Option<f64>,
    /// Requests that failed.
    pub(crate) failed: u64,
    /// Of the saturated part: the peer first, then what stands around it.
    pub(crate) used: Vec<Used>,
    /// Requests of the saturated part.
    pub(crate) requests: u64,
    /// What went wrong.
    pub(crate) errors: Vec<ErrorCount>,
}

/// A peer that runs, and what is watched while it works.
pub(crate) struct Subject<'a> {
    /// Who.
    pub(crate) peer: Peer,
    /// At what.
    pub(crate) work: Work,
    /// Where.
    pub(crate) started: &'a Started,
    /// What stands around it.
    pub(crate) beside: Vec<Watched>,
    /// Who signs.
    pub(crate) tokens: &'a Tokens,
    /// Processors.
    pub(crate) layout: &'a Layout,
}

/// Measures a peer's share. System calls are counted in a part of their own where `count` says so.
///
/// # Errors
/// A client cannot be opened, or the generator broke down.
pub(crate) fn measure(subject: &Subject<'_>, effort: Effort, place: &Place, count: bool) -> Result<Share> {
    let closed = Pace::Closed {
        duration: effort.duration,
    };
    let (saturated, used) = subject.load(closed, effort)?;
    let syscalls = if count {
        subject.count_calls(effort, place)?
    } else {
        None
    };
    let (fixed, used_fixed) = subject.load(Pace::constant(effort.rate, effort.duration), effort)?;
    let own = |used: &[Used], requests| {
        used.iter()
            .find(|used| used.under_test)
            .map_or(0.0, |used| micros_each(used.cpu, requests))
    };
    let requests = done(&saturated);
    let late = !fixed.invalid.is_empty();
    let times = &fixed.overall.corrected;
    let mut errors = saturated.errors.clone();
    errors.extend(fixed.errors.iter().cloned());
    Ok(Share {
        cpu_us: own(&used, requests),
        cpu_us_fixed: own(&used_fixed, done(&fixed)),
        throughput: saturated.totals.rate,
        times: (!late).then_some([times.p50_us, times.p99_us, times.p999_us]),
        reached: fixed.totals.rate / effort.rate,
        generator: saturated.generator.cpu,
        peak: used
            .iter()
            .chain(&used_fixed)
            .filter(|used| used.under_test)
            .map(|used| used.peak)
            .max()
            .unwrap_or(0),
        syscalls,
        failed: saturated.totals.failed + fixed.totals.failed,
        used,
        requests,
        errors,
    })
}

/// Requests that cost CPU, well or badly.
fn done(measured: &Measured) -> u64 {
    measured.totals.completed + measured.totals.failed
}

impl Subject<'_> {
    fn watched(&self) -> Vec<Watched> {
        let own = self
            .started
            .running
            .as_ref()
            .map(|running| Watched::under_test(self.peer.name(), running.pid()));
        own.into_iter().chain(self.beside.iter().cloned()).collect()
    }

    fn load(&self, pace: Pace, effort: Effort) -> Result<(Measured, Vec<Used>)> {
        let mut accounts = Accounts {
            watched: self.watched(),
            watch: None,
            used: Vec::new(),
        };
        let measured = self.drive(pace, effort.warmup, effort.clients, &mut accounts)?;
        Ok((measured, accounts.used))
    }

    fn drive(&self, pace: Pace, warmup: Duration, clients: u32, observer: &mut dyn Observer) -> Result<Measured> {
        let asking = Asking::new(self.started.address, self.peer, self.work, self.tokens.clone());
        let asking = Arc::new(asking.map_err(|failure| Error::new(failure.to_string()))?);
        let mut plan = Plan::new(pace, clients);
        plan.warmup = warmup;
        plan.processors = self
            .layout
            .generator
            .as_ref()
            .map(|cpus| cpus.numbers().to_vec())
            .unwrap_or_default();
        plan.threads = u32::try_from(plan.processors.len()).unwrap_or(1).clamp(1, clients);
        let name = format!("{} at {}", self.peer, self.work.name());
        run(&asking, plan, observer).map_err(|error| Error::new(format!("{name}: {error}")))
    }

    /// A short saturated part under `perf`; its requests are those of the whole part, warm-up there is none.
    fn count_calls(&self, effort: Effort, place: &Place) -> Result<Option<f64>> {
        let Some(running) = &self.started.running else {
            return Ok(None);
        };
        let Ok(counting) = Counting::begin(running.pid(), &place.file("syscalls.csv")) else {
            return Ok(None);
        };
        let pace = Pace::Closed {
            duration: effort.duration.min(Duration::from_secs(1)),
        };
        let measured = self.drive(pace, Duration::ZERO, effort.clients, &mut ())?;
        // Opening a client asks once too.
        let requests = done(&measured) + u64::from(effort.clients);
        #[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
        Ok(counting.end().map(|calls| calls as f64 / requests.max(1) as f64))
    }
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

    fn progress(&mut self, _snapshot: &Snapshot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench_origin::{Origin, Settings};

    fn share(origin: &Origin, work: Work) -> Share {
        let place = Place::open().unwrap();
        let (tokens, layout) = (Tokens::new(), Layout::of_this_machine());
        let started = Started {
            address: origin.address(),
            running: None,
        };
        let subject = Subject {
            peer: Peer::Direct,
            work,
            started: &started,
            beside: vec![Watched::beside("this test", std::process::id())],
            tokens: &tokens,
            layout: &layout,
        };
        let effort = Effort {
            duration: Duration::from_millis(100),
            warmup: Duration::ZERO,
            clients: 3,
            rate: 100.0,
        };
        measure(&subject, effort, &place, false).unwrap()
    }

    #[test]
    fn both_parts_are_measured_and_accounted() {
        let origin = Origin::start(Settings::default()).unwrap();
        let share = share(&origin, Work::Admitted);
        assert_eq!(share.failed, 0, "{:?}", share.errors);
        assert!(share.requests > 0 && share.throughput > 0.0);
        assert!(
            share.used[0].cpu > Duration::ZERO && share.used[0].by_request(share.requests).cpu_us_per_request > 0.0
        );
        // Ten of the fixed part, those of the saturated one, and one to open each client, twice.
        assert!(origin.counts().requests >= share.requests + 10 + 6);
    }

    #[test]
    fn answers_that_turn_wrong_are_counted_as_failed() {
        let origin = Origin::start(Settings::default()).unwrap();
        let origin = std::sync::Arc::new(origin);
        let later = std::sync::Arc::clone(&origin);
        // After the clients were opened.
        let turn = std::thread::spawn(move || {
            while later.counts().requests < 20 {
                std::thread::yield_now();
            }
            later.faults().cut_after(Some(7));
        });
        let end = std::time::Instant::now() + Duration::from_secs(20);
        let asking = Asking::new(origin.address(), Peer::Direct, Work::PassThrough, Tokens::new()).unwrap();
        let plan = Plan::new(
            Pace::Closed {
                duration: Duration::from_millis(500),
            },
            2,
        );
        let measured = run(&Arc::new(asking), plan, &mut ()).unwrap();
        turn.join().unwrap();
        assert!(std::time::Instant::now() < end);
        assert!(measured.totals.failed > 0, "{:?}", measured.totals);
    }
}
