//! The feed read through the whole platform, against Apollo Server behind an Express gateway: the same database, the
//! same data, the same query, the same clients, in turn. Every process of a side is counted.

mod answer;
mod asking;
mod node;
mod share;

use super::table::{empty_row, spread};
use crate::{
    platform::{self, Platform, seed::Amounts},
    system::{cpus::Layout, environment, place::Place, watch::Watched},
};
use bench_report::model::{Goal, Header, PeerRow, PeersReport, SCHEMA, Verdict, Work};
use share::Share;
use shared_stack::{Error, Result};
use std::{
    io::{Write, stderr},
    time::Duration,
};

/// The project's goal: so many times the throughput by CPU.
const GOAL: f64 = 10.0;
const DATA: Amounts = Amounts {
    users: 1_000,
    posts: 5_000,
    comments: 10_000,
    likes: 20_000,
};

/// How hard and how long.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// How often each side has its share.
    pub(crate) rounds: u32,
    /// Measured time of each part.
    pub(crate) duration: Duration,
    /// Clients.
    pub(crate) clients: u32,
    /// Requests per second where times are measured.
    pub(crate) rate: f64,
    /// A platform that is up already.
    pub(crate) target: Option<String>,
}

/// One side of the comparison.
struct Side {
    name: &'static str,
    version: &'static str,
    address: String,
    /// By client, in turn.
    tokens: Vec<String>,
    watched: Vec<Watched>,
}

/// Runs the comparison.
///
/// # Errors
/// Something does not start, or the sides do not answer alike.
pub(crate) fn compare(wanted: &Wanted) -> Result<PeersReport> {
    let started_at = environment::now();
    let place = Place::open()?;
    let layout = Layout::of_this_machine();
    let environment = environment::facts(
        &place.root,
        environment::profile(wanted.target.as_deref(), None),
        &layout,
    );
    let platform = match &wanted.target {
        Some(url) => Platform::attach(&place, url)?,
        None => Platform::start(
            &place,
            &platform::Options {
                release: true,
                cpus: layout.system.clone(),
                ..platform::Options::default()
            },
        )?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(format!("cannot make a runtime: {error}")))?;
    let seeded = runtime.block_on(platform.seed(&DATA, 1))?;
    let nodes = node::Nodes::start(&place, &platform, layout.system.as_ref())?;
    let sides = nodes.sides(&platform, &seeded, &runtime)?;
    let mut reasons = Vec::new();
    let mut works = Vec::new();
    let mut goals = Vec::new();
    for signed_in in [false, true] {
        let name = if signed_in {
            "feed, signed in"
        } else {
            "feed, anonymous"
        };
        let shares = rounds(&sides, name, signed_in, wanted, &layout, &runtime)?;
        let rows: Vec<PeerRow> = sides
            .iter()
            .zip(&shares)
            .map(|(side, own)| row(side, own, &shares[0]))
            .collect();
        for row in rows.iter().filter(|row| row.failed > 0) {
            reasons.push(format!("{} at {name}: {} wrong answers", row.peer, row.failed));
        }
        goals.push(goal(name, &rows));
        works.push(Work {
            name: name.to_owned(),
            description:
                "POST /graphql: ten posts with authors and counts, from one database; all processes of a side, \
                          its stores included, are counted"
                    .to_owned(),
            fixed_rate: wanted.rate,
            clients: wanted.clients,
            rows,
        });
    }
    reasons.extend(
        goals
            .iter()
            .filter(|goal| !goal.met)
            .map(|goal| format!("{}: {}", goal.name, goal.measured)),
    );
    platform.stop()?;
    Ok(PeersReport {
        header: Header {
            schema: SCHEMA,
            title: "feed".to_owned(),
            description: "The feed through the platform and through its Node counterpart, in turn".to_owned(),
            command: environment::command_line(),
            started_at,
            environment,
            verdict: Verdict {
                valid: true,
                passed: reasons.is_empty(),
                reasons,
            },
        },
        rounds: wanted.rounds,
        reference: sides[0].name.to_owned(),
        works,
        skipped: Vec::new(),
        goals,
    })
}

/// All rounds of one work, by side.
fn rounds(
    sides: &[Side],
    name: &str,
    signed_in: bool,
    wanted: &Wanted,
    layout: &Layout,
    runtime: &tokio::runtime::Runtime,
) -> Result<Vec<Vec<Share>>> {
    let mut shares: Vec<Vec<Share>> = vec![Vec::new(); sides.len()];
    for round in 0..wanted.rounds {
        let expected = answer::alike(sides, signed_in, runtime)?;
        for turn in 0..sides.len() {
            // Whoever comes first in a round comes last in the next.
            let at = (turn + round as usize) % sides.len();
            let share = share::measure(&sides[at], signed_in, &expected[at], wanted, layout)?;
            // Where standard error is gone there is nobody to tell.
            let _ = writeln!(
                stderr(),
                "{name} {}/{} {:<28} {:>7.1} µs CPU {:>7.0} /s",
                round + 1,
                wanted.rounds,
                sides[at].name,
                share.cpu_us,
                share.throughput
            );
            shares[at].push(share);
        }
    }
    Ok(shares)
}

fn row(side: &Side, shares: &[Share], reference: &[Share]) -> PeerRow {
    let over = |pick: fn(&Share) -> f64| spread(shares.iter().map(pick));
    let ratios = shares
        .iter()
        .zip(reference)
        .map(|(own, reference)| own.cpu_us / reference.cpu_us);
    PeerRow {
        version: side.version.to_owned(),
        cpu_us: over(|share| share.cpu_us),
        cpu_us_fixed: over(|share| share.cpu_us_fixed),
        cpu_ratio: spread(ratios),
        throughput: over(|share| share.throughput),
        p50_us: over(|share| share.times[0]),
        p99_us: over(|share| share.times[1]),
        p999_us: over(|share| share.times[2]),
        peak_rss_bytes: shares.iter().map(|share| share.peak).max().unwrap_or(0),
        failed: shares.iter().map(|share| share.failed).sum(),
        processes: shares.last().map(|share| share.processes.clone()).unwrap_or_default(),
        ..empty_row(side.name)
    }
}

/// The goal is against the side without a cache; what the cache makes of it is told beside.
fn goal(work: &str, rows: &[PeerRow]) -> Goal {
    let ratio = |at: usize| rows.get(at).map_or(0.0, |row| row.cpu_ratio.median);
    Goal {
        name: format!("{work}: at least {GOAL} × the throughput by CPU of node-newfeed behind express"),
        measured: format!("{:.1} × ({:.1} × where it caches the first page)", ratio(1), ratio(2)),
        met: ratio(1) >= GOAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench_report::model::Spread;

    #[test]
    fn the_goal_is_held_against_the_side_without_a_cache() {
        let row = |ratio| {
            let mut row = empty_row("x");
            row.cpu_ratio = Spread::one(ratio);
            row
        };
        let met = goal("feed", &[row(1.0), row(10.5), row(4.0)]);
        assert!(met.met && met.measured == "10.5 × (4.0 × where it caches the first page)");
        assert!(!goal("feed", &[row(1.0), row(9.9), row(12.0)]).met);
    }
}
