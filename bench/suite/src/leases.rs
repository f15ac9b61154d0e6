//! A real edge with leased quotas before a real Redis: within the quota Redis's own count of its commands tells what leasing costs,
//! over it the answers tell whether as much was admitted as should be.

mod asking;
mod commands;

use crate::{
    peers::redis,
    system::{cpus::Layout, edge, origins, place::Place},
};
use asking::Asking;
use bench_load::{
    protocol::Target,
    run::{Observer, Phase, Plan, run},
    schedule::Pace,
};
use bench_report::terminal::Snapshot;
use commands::Commands;
use shared_stack::{Error, Result};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// What `tight` of `bench/scenarios/edges/leased.yaml` admits: by second, and at once.
const TIGHT: f64 = 500.0;
/// Of that an edge may hold a tenth when the time begins.
const HELD: f64 = TIGHT / 10.0;

/// How it is measured.
pub(crate) struct Wanted {
    /// Requests per second.
    pub(crate) rate: f64,
    /// Of each part.
    pub(crate) duration: Duration,
    /// Clients.
    pub(crate) clients: u32,
    /// A built edge.
    pub(crate) edge: Option<PathBuf>,
}

/// What came of one part.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// From the first request to the last.
    pub(crate) seconds: f64,
    /// Requests.
    pub(crate) asked: u64,
    /// Answered by the origin.
    pub(crate) admitted: u64,
    /// Answered with 429.
    pub(crate) refused: u64,
    /// All else.
    pub(crate) failed: u64,
}

/// What was found.
pub(crate) struct Found {
    /// Within the quota.
    pub(crate) steady: Part,
    /// Over it.
    pub(crate) over: Part,
    /// What Redis carried out for the steady part, by command; what scripts call included.
    pub(crate) commands: BTreeMap<String, u64>,
    /// Why the figures say nothing.
    pub(crate) invalid: Vec<String>,
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
impl Part {
    /// The most that burst and rate let through, with what the edge held before.
    pub(crate) fn most(&self) -> f64 {
        TIGHT + TIGHT * self.seconds + HELD
    }

    /// The least that a fair quota lets through: what is lent and not spent at the end is missing.
    pub(crate) fn least(&self) -> f64 {
        (TIGHT * self.seconds * 0.95 - HELD).max(0.0)
    }

    fn is_wrong(&self) -> bool {
        let admitted = self.admitted as f64;
        admitted > self.most() || admitted < self.least().min(self.asked as f64)
    }
}

impl Found {
    /// Commands in all.
    pub(crate) fn calls(&self) -> u64 {
        self.commands.values().sum()
    }

    /// Commands for a request.
    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    pub(crate) fn by_request(&self) -> f64 {
        self.calls() as f64 / self.steady.asked.max(1) as f64
    }

    /// What does not hold.
    pub(crate) fn wrong(&self, at_most: f64) -> Vec<String> {
        let (steady, over) = (&self.steady, &self.over);
        let mut wrong = Vec::new();
        if self.by_request() > at_most {
            wrong.push(format!(
                "{:.5} commands a request, at most {at_most} are allowed",
                self.by_request()
            ));
        }
        if steady.admitted != steady.asked {
            wrong.push(format!(
                "{} of {} requests within the quota were not admitted",
                steady.asked - steady.admitted,
                steady.asked
            ));
        }
        if over.failed > 0 {
            wrong.push(format!(
                "{} requests over the quota were neither admitted nor refused",
                over.failed
            ));
        }
        if over.is_wrong() {
            wrong.push(format!("{} requests over the quota were admitted", over.admitted));
        }
        wrong
    }
}

/// Starts Redis, an origin and an edge, and asks.
///
/// # Errors
/// Something does not start, or cannot be asked.
pub(crate) fn measure(wanted: &Wanted) -> Result<Found> {
    let place = Place::open()?;
    let layout = Layout::of_this_machine();
    let program = edge::binary(&place.root, wanted.edge.as_deref())?;
    let (_redis, redis_url) = redis(&place, layout.origin.as_ref())?;
    let origins = origins::Wanted::new(1, layout.origin.as_ref())?.start(&place)?;
    let targets: Vec<String> = origins.iter().map(|origin| origin.address.to_string()).collect();
    let edge = edge::Wanted {
        program,
        config: place.root.join("bench/scenarios/edges/leased.yaml"),
        variables: vec![
            ("ORIGIN_TARGETS".to_owned(), targets.join(",")),
            ("REDIS_URL".to_owned(), redis_url.clone()),
        ],
        cpus: layout.system.clone(),
        access_log: false,
    };
    let edge = edge.start(&place)?;
    let store = redis_url.trim_start_matches("redis://");
    let store = store
        .parse()
        .map_err(|error| Error::new(format!("{redis_url}: {error}")))?;
    let mut found = Found {
        steady: Part::default(),
        over: Part::default(),
        commands: BTreeMap::new(),
        invalid: Vec::new(),
    };
    // The borrowing begins, and the scripts are loaded.
    let warmup = Duration::from_secs(1);
    let steady = Asked {
        path: "/bytes/2",
        warmup,
    };
    (found.steady, found.commands) = part(wanted, &layout, edge.address, &steady, store, &mut found.invalid)?;
    let over = Asked {
        path: "/bytes/1",
        warmup: Duration::ZERO,
    };
    (found.over, _) = part(wanted, &layout, edge.address, &over, store, &mut found.invalid)?;
    Ok(found)
}

struct Asked {
    path: &'static str,
    warmup: Duration,
}

fn part(
    wanted: &Wanted,
    layout: &Layout,
    edge: SocketAddr,
    asked: &Asked,
    store: SocketAddr,
    invalid: &mut Vec<String>,
) -> Result<(Part, BTreeMap<String, u64>)> {
    let unusable = |error: &dyn std::fmt::Display| Error::new(format!("{}: {error}", asked.path));
    let target = Target::parse(&format!("http://{edge}")).map_err(|error| unusable(&error))?;
    let asking = Arc::new(Asking::new(target, asked.path));
    let mut plan = Plan::new(Pace::constant(wanted.rate, wanted.duration), wanted.clients);
    plan.warmup = asked.warmup;
    if let Some(cpus) = &layout.generator {
        plan.processors = cpus.numbers().to_vec();
    }
    let mut watching = Watching {
        asking: Arc::clone(&asking),
        store,
        before: None,
        done: None,
        trouble: None,
    };
    let measured = run(&asking, plan, &mut watching).map_err(|error| unusable(&error))?;
    invalid.extend(measured.invalid);
    if let Some(trouble) = watching.trouble {
        return Err(trouble);
    }
    watching
        .done
        .ok_or_else(|| Error::new(format!("{}: nothing was measured", asked.path)))
}

/// Reads Redis's account and the answers' where the measured time begins and ends.
struct Watching {
    asking: Arc<Asking>,
    store: SocketAddr,
    before: Option<(Instant, asking::Counts, Commands)>,
    done: Option<(Part, BTreeMap<String, u64>)>,
    trouble: Option<Error>,
}

impl Observer for Watching {
    fn phase(&mut self, phase: Phase) {
        if !matches!(phase, Phase::Measure | Phase::Drain) {
            return;
        }
        let commands = match Commands::read(self.store) {
            Ok(commands) => commands,
            Err(error) => return self.trouble = Some(error),
        };
        let (now, counts) = (Instant::now(), self.asking.counts());
        match self.before.take() {
            None => self.before = Some((now, counts, commands)),
            Some((began, first, before)) => {
                let part = Part {
                    seconds: (now - began).as_secs_f64(),
                    asked: counts.asked - first.asked,
                    admitted: counts.admitted - first.admitted,
                    refused: counts.refused - first.refused,
                    failed: counts.failed - first.failed,
                };
                self.done = Some((part, commands.since(&before)));
            }
        }
    }

    fn progress(&mut self, _: &Snapshot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(admitted_over: u64, calls: u64) -> Found {
        Found {
            steady: Part {
                seconds: 10.0,
                asked: 50_000,
                admitted: 50_000,
                ..Part::default()
            },
            over: Part {
                seconds: 10.0,
                asked: 50_000,
                admitted: admitted_over,
                ..Part::default()
            },
            commands: BTreeMap::from([("get".to_owned(), calls)]),
            invalid: Vec::new(),
        }
    }

    #[test]
    fn too_many_commands_and_a_wrong_admission_are_told() {
        assert_eq!(found(5_400, 400).wrong(0.01), Vec::<String>::new());
        assert_eq!(found(5_400, 501).wrong(0.01).len(), 1);
        assert_eq!(found(5_551, 400).wrong(0.01).len(), 1, "more than burst and rate");
        assert_eq!(found(4_000, 400).wrong(0.01).len(), 1, "less than the rate");
        let mut refused = found(5_400, 400);
        refused.steady.admitted -= 1;
        assert_eq!(refused.wrong(0.01).len(), 1);
    }
}
