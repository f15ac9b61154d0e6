//! `bench feed`: the feed through the whole platform, against the same in Node.

use crate::{
    command::peers::show,
    peers::feed::{self, Wanted},
    system::place,
};
use bench_report::{model::Report, store::Store};
use clap::Args as Arguments;
use edge_config::units::TimeSpan;
use shared_stack::{Error, Result};
use std::{
    io::{Write, stderr},
    process::ExitCode,
};

/// What to compare.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// How often each side has its share.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Measured time of each part: `5s`, `500ms`.
    #[arg(long, default_value = "5s")]
    duration: TimeSpan,
    /// Requests per second where times are measured: below every side's saturation.
    #[arg(long, default_value_t = 100.0)]
    rate: f64,
    /// Clients, each with a connection of its own.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// The edge of a platform that is up already; data is added to it.
    #[arg(long)]
    target: Option<String>,
    /// Keep the report by this name, as JSON and as a page.
    #[arg(long)]
    save: Option<String>,
}

/// Compares, shows and keeps.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let report = feed::compare(&Wanted {
        rounds: args.rounds,
        duration: *args.duration,
        clients: args.clients,
        rate: args.rate,
        target: args.target.clone(),
    })?;
    let passed = report.header.verdict.passed;
    let report = Report::Peers(Box::new(report));
    show(&report);
    if let Some(name) = &args.save {
        let store = Store::new(place::root()?.join("bench"));
        let saved = store.save(&report, name);
        let saved = saved.map_err(|error| Error::new(error.to_string()))?;
        // Where standard error is gone there is nobody to tell.
        let _ = writeln!(stderr(), "kept: {} and {}", saved.json.display(), saved.html.display());
    }
    Ok(ExitCode::from(u8::from(!passed)))
}
