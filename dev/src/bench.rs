//! `bench`: builds the bench suite and becomes it.

use std::{
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

use shared_stack::{Error, Result};

use crate::{build, platform::Platform, signals, stores, workspace};

/// The suite's package and binary.
const BENCH: &str = "bench";

/// Runs `bench`: the suite takes this process's place, so that signals, the terminal and the exit code are its own.
pub(crate) fn run(platform: &Platform, args: &[String]) -> Result<ExitCode> {
    signals::watch()?;
    stores::install(platform, &build::NEEDS)?;
    let mut bench = Command::new(build(platform)?);
    workspace::forget_caller(&mut bench);
    if args.is_empty() {
        bench.arg("--help");
    }
    let error = bench.args(args).exec();
    Err(Error::new(format!("cannot run the bench suite: {error}")))
}

/// Builds the suite, optimised like what it measures, and tells where it is. Standard output is left to the suite.
pub(crate) fn build(platform: &Platform) -> Result<PathBuf> {
    let mut cargo = workspace::cargo(&platform.root);
    cargo.args(["build", "--release", "-p", BENCH]).stdin(Stdio::null());
    if !build::wait(&mut cargo, &signals::asked_to_stop)? {
        return Err(Error::new("the bench suite does not build; cargo says why above"));
    }
    Ok(build::binaries(platform, true)?.join(BENCH))
}
