//! The edge: what clients of the platform talk to.
//!
//! `edge run` serves, `edge check` says what is wrong with a configuration. [`proxy`] is the table of contents of a
//! request; [`server`] of the process; [`command`] of what else the program can do.

mod admin;
mod command;
mod connections;
mod context;
mod drain;
mod edge;
mod explain;
mod front;
mod generation;
mod keeper;
mod metrics;
mod phase;
mod problem;
mod proxy;
mod server;
mod settings;
mod store;
mod tunnel;
mod upstream;

use clap::{Parser, Subcommand};
use command::{DEFAULT_CONFIG, environment};
use edge_config::{Config, Loaded};
use std::{
    io::{Write, stderr},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Measured against the system's and others: an eighth fewer instructions a request (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The programmable edge of the platform.
#[derive(Debug, Parser)]
#[command(name = "edge", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve. SIGTERM drains and stops, SIGINT stops at once.
    Run {
        /// The configuration.
        #[arg(long, default_value = DEFAULT_CONFIG)]
        config: PathBuf,
    },
    /// Say what would become of a request, and why: each decision, its value, and the line that it comes from.
    Explain(command::explain::Arguments),
    /// Check a configuration without serving it: every mistake, with its place and cure.
    ///
    /// Exit codes: 0 no errors, 1 errors, 2 it could not be checked. Warnings alone are no errors.
    Check(command::check::Arguments),
    /// Print the configuration's JSON Schema, or the pages that are made from its types.
    Schema(command::schema::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run { config } => match run(&config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(text) => {
                // Where standard error is gone there is nobody to tell.
                let _ = writeln!(stderr(), "{text}");
                ExitCode::FAILURE
            }
        },
        Command::Explain(arguments) => command::explain::run(&arguments),
        Command::Check(arguments) => command::check::run(&arguments),
        Command::Schema(arguments) => {
            command::schema::run(&arguments);
            ExitCode::SUCCESS
        }
    }
}

fn load(file: &Path) -> Result<Loaded, String> {
    Config::load(file, &environment).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        format!("{}\nedge: {} cannot be used", lines.join("\n"), file.display())
    })
}

fn run(file: &Path) -> Result<(), String> {
    shared_telemetry::init("edge");
    let loaded = load(file)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let settings = settings::Settings::read(&environment).map_err(|error| format!("edge: {error}"))?;
    server::run(&loaded, &settings).map_err(|error| format!("edge: {error}"))
}
