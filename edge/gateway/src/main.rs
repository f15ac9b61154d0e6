//! The edge: what clients of the platform talk to.
//!
//! `edge run` serves, `edge check` says what is wrong with a configuration, all other commands ask an edge that runs.
//! [`proxy`] is the table of contents of a request; [`server`] of the process; [`admin`] of what operators can do.

mod access_log;
mod admin;
mod cache;
mod command;
mod compress;
mod connections;
mod context;
mod diff;
mod drain;
mod edge;
mod explain;
mod finding;
mod front;
mod generation;
mod handover;
mod heads;
mod holders;
mod keeper;
mod metrics;
mod overrides;
mod phase;
mod problem;
mod proxy;
mod public;
mod reload;
mod server;
mod settings;
mod standing;
mod stay;
mod store;
mod tls;
mod tunnel;
mod upstream;
mod wrapped;

use clap::{Parser, Subcommand};
use std::{
    io::{Write, stderr},
    process::ExitCode,
};

/// Measured against the system's and others: an eighth fewer instructions a request (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The programmable edge of the platform.
///
/// Exit codes: 0 done, 1 refused, 2 could not be asked.
#[derive(Debug, Parser)]
#[command(name = "edge", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve. SIGTERM drains and stops, SIGINT stops at once, SIGHUP reads the configuration again, SIGUSR2 lets another process take over.
    Run(command::run::Arguments),
    /// Check a configuration without serving it: every mistake, with its place and cure.
    ///
    /// Exit codes: 0 no errors, 1 errors, 2 it could not be checked. Warnings alone are no errors.
    Check(command::check::Arguments),
    /// Say what would become of a request, and why: each decision, its value, and the line that it comes from.
    ///
    /// Exit codes: 0 explained, refusals too; 2 not explained.
    Explain(command::explain::Arguments),
    /// What a configuration would change of the edge that runs, key by key, and whether a reload or a new process is needed.
    ///
    /// Exit codes: 0 the same, 1 it cannot be used, 2 something differs, 3 it could not be compared.
    Diff(command::diff::Arguments),
    /// Print the configuration's JSON Schema, or the pages that are made from its types.
    Schema(command::schema::Arguments),
    /// What the edge serves, how its targets are, and what became of the last reload.
    Status(command::Asked),
    /// Let another process take over: of the binary that is there now, with what only a start can change. No request is lost, and one
    /// that does not get ready changes nothing.
    Upgrade(command::Asked),
    /// Read the configuration again; the old one stays if the new one has a mistake.
    Reload(command::Asked),
    /// Send nobody new to a target; clients bound to it stay until they leave.
    Drain(command::drain::Arguments),
    /// Take a drain back.
    Undrain(command::undrain::Arguments),
    /// Send nobody to a target, not even clients bound to it.
    Disable(command::disable::Arguments),
    /// Take a disable back.
    Enable(command::enable::Arguments),
    /// Give a target another share of the traffic.
    Weight(command::weight::Arguments),
    /// Open or close an upstream's circuit breaker by hand.
    Breaker(command::breaker::Arguments),
    /// Let answers go that are kept.
    Cache(command::cache::Arguments),
    /// Which targets and breakers are set by hand, by whom, and until when.
    Overrides(command::Asked),
    /// The last configurations.
    Generations(command::Asked),
    /// Go back to an earlier configuration, until the file's content changes.
    Rollback(command::rollback::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(arguments) => command::run::run(&arguments),
        Command::Check(arguments) => command::check::run(&arguments),
        Command::Diff(arguments) => command::diff::run(&arguments),
        Command::Explain(arguments) => command::explain::run(&arguments),
        Command::Schema(arguments) => command::schema::run(&arguments),
        Command::Status(arguments) => command::status::run(&arguments),
        Command::Upgrade(arguments) => command::upgrade::run(&arguments),
        Command::Reload(arguments) => command::reload::run(&arguments),
        Command::Drain(arguments) => command::drain::run(&arguments),
        Command::Undrain(arguments) => command::undrain::run(&arguments),
        Command::Disable(arguments) => command::disable::run(&arguments),
        Command::Enable(arguments) => command::enable::run(&arguments),
        Command::Weight(arguments) => command::weight::run(&arguments),
        Command::Breaker(arguments) => command::breaker::run(&arguments),
        Command::Cache(arguments) => command::cache::run(&arguments),
        Command::Overrides(arguments) => command::overrides::run(&arguments),
        Command::Generations(arguments) => command::generations::run(&arguments),
        Command::Rollback(arguments) => command::rollback::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            if !text.is_empty() {
                // Where standard error is gone there is nobody to tell.
                let _ = writeln!(stderr(), "{text}");
            }
            failure.code()
        }
    }
}
