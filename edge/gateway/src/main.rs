//! The edge: what clients of the platform talk to.
//!
//! `edge run` serves, `edge check` says what is wrong with a configuration. [`proxy`] is the table of contents of a
//! request; [`server`] of the process.

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
use edge_config::{Config, Loaded};
use std::{
    io::{Write, stderr, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Measured against the system's and others: an eighth fewer instructions a request (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where the configuration is looked for.
const DEFAULT_CONFIG: &str = "conf/edge.yaml";

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
    Check {
        /// The configuration.
        #[arg(default_value = DEFAULT_CONFIG)]
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let (result, failure) = match Arguments::parse().command {
        Command::Run { config } => (run(&config), 1),
        Command::Check { file } => (check(&file), 1),
        Command::Explain(arguments) => (command::explain::run(&arguments), 2),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            // Where standard error is gone there is nobody to tell.
            let _ = writeln!(stderr(), "{text}");
            ExitCode::from(failure)
        }
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
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

fn check(file: &Path) -> Result<(), String> {
    let loaded = load(file)?;
    // Built and dropped: schemas are read and composed, nothing is connected.
    let built = generation::Generation::build(&loaded, 1, b"check", &metrics::Metrics::default());
    built.map_err(|error| format!("edge: {error}"))?;
    let _ = writeln!(
        stdout(),
        "{}: {} routes, {} upstreams, no mistakes",
        file.display(),
        loaded.config.routes.len(),
        loaded.config.upstreams.len()
    );
    Ok(())
}
