//! The whole comparison.

use super::{
    Goal, Peer, Work, install,
    install::Available,
    measure::{Effort, Share, Subject, measure},
    start::{self, Surroundings},
    table,
    tokens::Tokens,
};
use crate::system::{cpus::Layout, environment, origins, place::Place, watch::Watched};
use bench_report::model::{self, Header, PeersReport, SCHEMA, Skipped, Verdict};
use shared_stack::{Error, Result};
use std::{
    io::{Write, stderr},
    path::PathBuf,
};

/// Above this share of its processors the generator, and not the peer, is what bounds the throughput.
const GENERATOR_BOUND: f64 = 0.9;
/// A peer that reaches less of the fixed rate cannot keep it.
const KEPT: f64 = 0.98;

/// What is to be compared.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Who.
    pub(crate) peers: Vec<Peer>,
    /// At what.
    pub(crate) works: Vec<Work>,
    /// How often.
    pub(crate) rounds: u32,
    /// How hard.
    pub(crate) effort: Effort,
    /// A built edge.
    pub(crate) edge: Option<PathBuf>,
    /// Bounds for the exit code.
    pub(crate) goals: Vec<Goal>,
}

/// Runs the comparison.
///
/// # Errors
/// Nothing can be measured: no peer is left, or the surroundings do not start. A peer that cannot be had is left out, one
/// that answers wrongly makes the verdict.
pub(crate) fn compare(wanted: &Wanted) -> Result<PeersReport> {
    let started_at = environment::now();
    let place = Place::open()?;
    let layout = Layout::of_this_machine();
    let environment = environment::facts(&place.root, environment::profile(None, wanted.edge.as_deref()), &layout);
    let mut skipped = Vec::new();
    let peers = available(&place, wanted, &mut skipped);
    if peers.is_empty() {
        let why: Vec<String> = skipped
            .iter()
            .map(|skipped| format!("{}: {}", skipped.peer, skipped.reason))
            .collect();
        return Err(Error::new(format!("no peer can be measured\n{}", why.join("\n"))));
    }
    let tokens = Tokens::new();
    let mut upstream = origins::Wanted::new(2, layout.origin.as_ref())?;
    upstream.jwks = tokens.jwks();
    let upstream = upstream.start(&place)?;
    let (redis, redis_url) = start::redis(&place, layout.origin.as_ref())?;
    let beside = upstream
        .iter()
        .enumerate()
        .map(|(at, origin)| Watched::beside(&format!("origin-{}", at + 1), origin.pid()));
    let beside: Vec<Watched> = beside.chain([Watched::beside("redis", redis.pid())]).collect();
    let around = Surroundings {
        place: &place,
        layout: &layout,
        origins: &upstream,
        redis: &redis_url,
        tokens: &tokens,
    };
    let mut run = Run {
        wanted,
        around,
        beside,
        peers,
        reasons: Vec::new(),
        notes: Vec::new(),
    };
    let works: Result<Vec<model::Work>> = wanted.works.iter().map(|work| run.work(*work)).collect();
    let works = works?;
    let goals: Vec<model::Goal> = wanted.goals.iter().map(|goal| goal.judge(&works)).collect();
    run.reasons.extend(
        goals
            .iter()
            .filter(|goal| !goal.met)
            .map(|goal| format!("{}: {}", goal.name, goal.measured)),
    );
    let late = run.late(&works);
    let mut environment = environment;
    environment.notes.append(&mut run.notes);
    let verdict = Verdict {
        valid: late.is_empty(),
        passed: late.is_empty() && run.reasons.is_empty(),
        reasons: late.into_iter().chain(run.reasons.clone()).collect(),
    };
    Ok(PeersReport {
        header: Header {
            schema: SCHEMA,
            title: "peers".to_owned(),
            description: "Proxies at the same work: each has its share of every round, in turning order".to_owned(),
            command: environment::command_line(),
            started_at,
            environment,
            verdict,
        },
        rounds: wanted.rounds,
        reference: reference(&run.peers).name().to_owned(),
        works,
        skipped,
        goals,
    })
}

fn available(place: &Place, wanted: &Wanted, skipped: &mut Vec<Skipped>) -> Vec<(Peer, Available)> {
    let mut peers = Vec::new();
    for peer in &wanted.peers {
        match install::available(place, *peer, wanted.edge.as_deref()) {
            Ok(available) => peers.push((*peer, available)),
            Err(error) => skipped.push(Skipped {
                peer: peer.name().to_owned(),
                reason: error.to_string(),
            }),
        }
    }
    peers
}

/// Whom ratios are against: the edge, or the first proxy.
fn reference(peers: &[(Peer, Available)]) -> Peer {
    let all = || peers.iter().map(|(peer, _)| *peer);
    let edge = all().find(|peer| *peer == Peer::Edge);
    edge.or_else(|| all().find(|peer| *peer != Peer::Direct))
        .unwrap_or(Peer::Direct)
}

struct Run<'a> {
    wanted: &'a Wanted,
    around: Surroundings<'a>,
    beside: Vec<Watched>,
    peers: Vec<(Peer, Available)>,
    /// Why it did not pass.
    reasons: Vec<String>,
    /// What a reader must know.
    notes: Vec<String>,
}

impl Run<'_> {
    /// All rounds of one work.
    fn work(&mut self, work: Work) -> Result<model::Work> {
        let mut shares: Vec<Vec<Share>> = vec![Vec::new(); self.peers.len()];
        for round in 0..self.wanted.rounds {
            for turn in 0..self.peers.len() {
                // Whoever comes first in a round comes last in the next.
                let at = (turn + round as usize) % self.peers.len();
                let share = self.share(at, work, round)?;
                shares[at].push(share);
            }
        }
        let at = self
            .peers
            .iter()
            .position(|(peer, _)| *peer == reference(&self.peers))
            .unwrap_or(0);
        let reference = shares[at].clone();
        let rows = self.peers.iter().zip(&shares);
        let rows =
            rows.map(|((peer, available), shares)| table::row(*peer, &available.version, work, shares, &reference));
        let rows = rows.collect();
        for ((peer, _), shares) in self.peers.clone().iter().zip(&shares) {
            self.judge(*peer, work, shares);
        }
        Ok(model::Work {
            name: work.name().to_owned(),
            description: work.description().to_owned(),
            fixed_rate: self.wanted.effort.rate,
            clients: self.wanted.effort.clients,
            rows,
        })
    }

    fn share(&self, at: usize, work: Work, round: u32) -> Result<Share> {
        let (peer, available) = &self.peers[at];
        let started = start::start(&self.around, *peer, available, work)?;
        let subject = Subject {
            peer: *peer,
            work,
            started: &started,
            beside: self.beside.clone(),
            tokens: self.around.tokens,
            layout: self.around.layout,
        };
        let share = measure(&subject, self.wanted.effort, self.around.place, round == 0)?;
        // Where standard error is gone there is nobody to tell.
        let _ = writeln!(
            stderr(),
            "{} {}/{} {:<8} {:>7.1} µs CPU  {:>8.0} /s  at {:.0}/s: {:>7.1} µs CPU  p99 {}",
            work.name(),
            round + 1,
            self.wanted.rounds,
            peer.name(),
            share.cpu_us,
            share.throughput,
            self.wanted.effort.rate,
            share.cpu_us_fixed,
            share
                .times
                .map_or_else(|| "-".to_owned(), |times| format!("{:.0} µs", times[1])),
        );
        Ok(share)
    }

    /// What is wrong with a peer's rounds, and what a reader must know of them.
    fn judge(&mut self, peer: Peer, work: Work, shares: &[Share]) {
        let name = format!("{peer} at {}", work.name());
        let failed: u64 = shares.iter().map(|share| share.failed).sum();
        if failed > 0 {
            let example = shares.iter().flat_map(|share| &share.errors).next();
            let example = example.map_or_else(String::new, |error| {
                format!(", such as {}: {}", error.kind, error.example)
            });
            self.reasons.push(format!("{name}: {failed} wrong answers{example}"));
        }
        let rate = self.wanted.effort.rate;
        if shares.iter().any(|share| share.reached < KEPT) {
            self.notes.push(format!(
                "{name} cannot keep {rate:.0} requests per second: its times tell of a queue"
            ));
        }
        if peer != Peer::Direct && shares.iter().any(|share| share.generator > GENERATOR_BOUND) {
            self.notes.push(format!(
                "{name}: the generator was at its own bound, so that the throughput is at least what is shown"
            ));
        }
    }

    /// Peers without one round whose times are the peer's own.
    fn late(&self, works: &[model::Work]) -> Vec<String> {
        let rows = works
            .iter()
            .flat_map(|work| work.rows.iter().map(move |row| (work, row)));
        rows.filter(|(_, row)| row.p50_us.max == 0.0)
            .map(|(work, row)| {
                format!(
                    "{} at {}: the generator was late itself in every round",
                    row.peer, work.name
                )
            })
            .collect()
    }
}
