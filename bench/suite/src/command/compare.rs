//! `bench compare`: what has changed between two reports, and whether that is too much.

use crate::system::place;
use bench_report::{
    compare::{Rules, compare},
    html,
    store::{Store, write},
    terminal,
};
use shared_stack::{Error, Result};
use std::{
    io::{Write, stdout},
    path::PathBuf,
    process::ExitCode,
};

/// Two reports, each a name in bench/results or bench/baselines, or a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The report to compare with.
    before: String,
    /// The report to judge.
    after: String,
    /// What is too much: `p99:+10%,cpu:+5%,throughput:-5%,errors:+0`.
    #[arg(long, value_name = "RULES")]
    fail_on: Option<Rules>,
    /// Write the comparison as a page, too.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Compares.
///
/// # Errors
/// A report cannot be read, or the page cannot be written.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let failed = |error: bench_report::store::Error| Error::new(error.to_string());
    let store = Store::new(place::root()?.join("bench"));
    let (before, _) = store.load(&args.before).map_err(failed)?;
    let (after, _) = store.load(&args.after).map_err(failed)?;
    let comparison = compare(&before, &after, &args.fail_on.clone().unwrap_or_default());
    // Where standard output is gone the exit code still tells.
    let _ = writeln!(stdout(), "{}", terminal::comparison(&comparison));
    if let Some(file) = &args.html {
        write(file, html::comparison(&comparison).as_bytes()).map_err(failed)?;
    }
    Ok(if comparison.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
