//! `bench report`: a saved report again.

use crate::system::place;
use bench_report::{
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

/// A report, by its name in bench/results or bench/baselines, or a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The report.
    report: String,
    /// Write its page there in the place of showing it here.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Shows it.
///
/// # Errors
/// It cannot be read, or the page cannot be written.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let failed = |error: bench_report::store::Error| Error::new(error.to_string());
    let (report, _) = Store::new(place::root()?.join("bench"))
        .load(&args.report)
        .map_err(failed)?;
    match &args.html {
        Some(file) => write(file, html::page(&report).as_bytes()).map_err(failed)?,
        None => {
            // Where standard output is gone there is nobody to tell.
            let _ = writeln!(stdout(), "{}", terminal::report(&report));
        }
    }
    Ok(ExitCode::SUCCESS)
}
