//! `bench peers`: proxies at the same work, side by side.

use crate::{
    peers::{self, Goal, Peer, Wanted, Work},
    system::place,
};
use bench_report::{model::Report, store::Store, terminal};
use clap::Args as Arguments;
use edge_config::units::TimeSpan;
use shared_stack::{Error, Result};
use std::{
    io::{Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

/// What to compare.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// Who takes part; missing ones are installed, or left out with the reason.
    #[arg(
        value_delimiter = ',',
        default_value = "direct,edge,pingora,haproxy,nginx,envoy,caddy,pingap,express"
    )]
    peers: Vec<Peer>,
    /// How often each peer has its share.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Measured time of each part: `5s`, `500ms`. Many short rounds agree better than a few long ones.
    #[arg(long, default_value = "2s")]
    duration: TimeSpan,
    /// What they are asked.
    #[arg(long, value_delimiter = ',', default_value = "pass-through,admitted")]
    work: Vec<Work>,
    /// Requests per second where times are measured: below every peer's saturation.
    #[arg(long, default_value_t = 2000.0)]
    rate: f64,
    /// Clients, each with a connection and an address of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// Keep the report by this name, as JSON and as a page.
    #[arg(long)]
    save: Option<String>,
    /// A built edge instead of a fresh release build.
    #[arg(long)]
    edge: Option<PathBuf>,
    /// Fail where a bound on CPU by request is not kept: `admitted:edge/haproxy<=1.25`. Repeatable.
    #[arg(long)]
    fail_on: Vec<Goal>,
}

/// Compares, shows and keeps.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let report = peers::compare(&Wanted {
        peers: args.peers.clone(),
        works: args.work.clone(),
        rounds: args.rounds,
        effort: peers::Effort {
            duration: *args.duration,
            warmup: (*args.duration / 4).min(Duration::from_secs(2)),
            clients: args.clients,
            rate: args.rate,
        },
        edge: args.edge.clone(),
        goals: args.fail_on.clone(),
    })?;
    let verdict = report.header.verdict.clone();
    let report = Report::Peers(Box::new(report));
    show(&report);
    if let Some(name) = &args.save {
        let store = Store::new(place::root()?.join("bench"));
        let saved = store.save(&report, name);
        let saved = saved.map_err(|error| Error::new(error.to_string()))?;
        // Where standard error is gone there is nobody to tell.
        let _ = writeln!(stderr(), "kept: {} and {}", saved.json.display(), saved.html.display());
    }
    Ok(ExitCode::from(match (verdict.valid, verdict.passed) {
        (false, _) => 3,
        (true, false) => 1,
        (true, true) => 0,
    }))
}

/// Shows it to a person.
pub(crate) fn show(report: &Report) {
    // Where standard output is gone there is nobody to show it to.
    let _ = writeln!(stdout(), "\n{}", terminal::report(report));
}
