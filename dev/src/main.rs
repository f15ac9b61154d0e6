//! `cargo dev`: brings the platform up on one machine, looks at it, breaks it on purpose, tests it, takes it down.
//!
//! Start reading at [`args`] (what can be asked), [`up`] (the way from a fresh clone to a serving platform) and
//! [`platform`] (what one running platform is made of).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod args;
mod bench;
mod build;
mod control;
mod doctor;
mod down;
mod env_file;
mod environment;
mod health;
mod help;
mod launch;
mod lock;
mod logs;
mod names;
mod output;
mod pgo;
mod plan;
mod platform;
mod ports;
mod reset;
mod secrets;
mod settings;
mod show_env;
mod signals;
mod smoke;
mod state;
mod status;
mod stores;
mod supervise;
mod test;
mod up;
mod venv;
mod workspace;

use std::process::ExitCode;

use args::{Command, Request};
use output::{say, warn};
use platform::Platform;
use shared_stack::Result;

fn main() -> ExitCode {
    let request = match args::parse(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(error) => {
            warn(&format!("error: {error}"));
            return ExitCode::from(2);
        }
    };
    match run(request) {
        Ok(code) => code,
        Err(error) => {
            warn(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(request: Request) -> Result<ExitCode> {
    let platform = match &request.command {
        Command::Help(topic) => {
            say(&help::text(topic.as_deref()));
            return Ok(ExitCode::SUCCESS);
        }
        Command::Secrets => return secrets::print(),
        _ => Platform::open(&request.global)?,
    };
    match request.command {
        Command::Up(options) => up::run(&platform, &options),
        Command::Down => down::run(&platform),
        Command::Status { json } => status::run(&platform, json),
        Command::Logs(options) => logs::run(&platform, &options),
        Command::Stop(targets) => control::stop(&platform, &targets),
        Command::Start(targets) => control::start(&platform, &targets),
        Command::Restart(targets) => control::restart(&platform, &targets),
        Command::Kill(targets) => control::kill(&platform, &targets),
        Command::Env => show_env::run(&platform),
        Command::Smoke => smoke::run(&platform),
        Command::Build(options) => build::command(&platform, options),
        Command::Test(options) => test::run(&platform, &options),
        Command::Bench(args) => bench::run(&platform, &args),
        Command::Reset { yes } => reset::run(&platform, yes),
        Command::Doctor { install } => doctor::run(&platform, install),
        Command::Help(_) | Command::Secrets => Ok(ExitCode::SUCCESS),
    }
}
