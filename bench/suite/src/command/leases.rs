//! `bench leases`: what a leased quota costs Redis, and whether it admits what it should.

use crate::leases::{self, Found, Wanted};
use edge_config::units::TimeSpan;
use shared_stack::Result;
use std::{
    io::{Write, stdout},
    path::PathBuf,
    process::ExitCode,
};

/// How hard, and what must hold.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Requests per second.
    #[arg(long, default_value_t = 5000.0)]
    rate: f64,
    /// Measured time of each part: `5s`, `500ms`.
    #[arg(long, default_value = "10s")]
    duration: TimeSpan,
    /// Clients, each with a connection and an address of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// Most commands that Redis may carry out for a request.
    #[arg(long, default_value_t = 0.01)]
    at_most: f64,
    /// A built edge instead of a fresh release build.
    #[arg(long)]
    edge: Option<PathBuf>,
}

/// Measures and judges. Exit codes: 0 it holds, 1 it does not, 3 the generator could not keep its own schedule.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let found = leases::measure(&Wanted {
        rate: args.rate,
        duration: *args.duration,
        clients: args.clients,
        edge: args.edge.clone(),
    })?;
    let wrong = found.wrong(args.at_most);
    // Where standard output is gone the exit code still tells.
    let _ = writeln!(stdout(), "{}", shown(&found));
    for line in wrong.iter().chain(&found.invalid) {
        let _ = writeln!(stdout(), "  ✗ {line}");
    }
    Ok(match (found.invalid.is_empty(), wrong.is_empty()) {
        (false, _) => ExitCode::from(3),
        (true, false) => ExitCode::FAILURE,
        (true, true) => ExitCode::SUCCESS,
    })
}

fn shown(found: &Found) -> String {
    let (steady, over) = (&found.steady, &found.over);
    let commands: Vec<String> = found
        .commands
        .iter()
        .map(|(name, calls)| format!("{name} {calls}"))
        .collect();
    format!(
        "Leased quotas on one edge\n\
         \n  Within the quota (20,000/s)\n    requests             {} in {:.1} s, {} admitted\n    \
         Redis commands       {} ({})\n    commands a request   {:.5}\n\
         \n  Over the quota (500/s, burst 500)\n    requests             {} in {:.1} s, {} admitted, {} refused\n    \
         bound                {:.0} to {:.0}",
        steady.asked,
        steady.seconds,
        steady.admitted,
        found.calls(),
        commands.join(", "),
        found.by_request(),
        over.asked,
        over.seconds,
        over.admitted,
        over.refused,
        over.least(),
        over.most(),
    )
}
