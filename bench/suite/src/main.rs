//! The bench suite: load tests, comparisons with peers, instruction counts, profiles, and their reports.
//!
//! [`command`] is what can be asked, a file each; [`system`] starts and accounts what is measured.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod command;
mod instructions;
mod leases;
mod peers;
mod platform;
mod profile;
mod run;
mod system;

use clap::{Parser, Subcommand};
use std::{
    io::{Write, stderr},
    process::ExitCode,
};

/// Load tests and comparisons whose answers are checked. Exit codes: 0 passed, 1 failed, 2 could not run, 3 invalid.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare two reports and judge the change.
    Compare(command::compare::Args),
    /// Compare the feed through the whole platform with the same in Node.
    Feed(command::feed::Args),
    /// Count instructions of requests and policies, and guard against growth.
    Instructions(instructions::Args),
    /// Count what a leased quota costs Redis, and check what it admits.
    Leases(command::leases::Args),
    /// Compare what idle sockets and streams cost proxies, and how soon an event reaches all streams.
    Live(command::live::Args),
    /// Serve as the upstream of what is measured.
    #[command(hide = true)]
    Origin(command::origin::Args),
    /// Compare proxies at the same work.
    Peers(command::peers::Args),
    /// Run a scenario and judge what comes of it.
    Run(run::Args),
    /// Show where the time of a request goes: flame graph, kinds of work, system calls.
    Profile(profile::Args),
    /// Show a saved report again, or write its HTML page.
    Report(command::report::Args),
    /// Keep an edge that counts for its profile busy.
    #[command(hide = true)]
    Train(profile::train::Args),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Compare(args) => command::compare::run(&args),
        Command::Feed(args) => command::feed::run(&args),
        Command::Instructions(args) => instructions::run(&args),
        Command::Leases(args) => command::leases::run(&args),
        Command::Live(args) => command::live::run(&args),
        Command::Origin(args) => command::origin::run(&args),
        Command::Peers(args) => command::peers::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Profile(args) => profile::run(&args),
        Command::Report(args) => command::report::run(&args),
        Command::Train(args) => profile::train::run(&args),
    };
    result.unwrap_or_else(|error| {
        // Where standard error is gone there is nobody to tell.
        let _ = writeln!(stderr(), "error: {error}");
        ExitCode::from(2)
    })
}
