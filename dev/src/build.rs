//! `build`, and what `up` builds: the six programs in one call of cargo, so that they share every dependency with the
//! same features.

use std::{
    path::PathBuf,
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use shared_stack::{Context, Error, Result, find::Need, process::pause};

use crate::{
    args::BuildOptions,
    names::Program,
    output::{say, step},
    pgo,
    platform::Platform,
    signals, stores,
    up::seconds,
    workspace,
};

/// What a build needs beside Rust and a C compiler.
pub(crate) const NEEDS: [Need; 1] = [Need::Cmake];

/// Runs `build`.
pub(crate) fn command(platform: &Platform, options: BuildOptions) -> Result<ExitCode> {
    signals::watch()?;
    stores::install(platform, &NEEDS)?;
    let never = || false;
    if options.pgo {
        pgo::train(platform, &never)?;
        say(&format!(
            "
The edge that its profile optimised: {}

Try next:
  {}",
            pgo::edge(platform)?.display(),
            platform.command("up --pgo")
        ));
        return Ok(ExitCode::SUCCESS);
    }
    run(platform, options, &never)?;
    say(&format!(
        "
The programs: {}",
        binaries(platform, options.release)?.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Where the binaries of a profile are.
pub(crate) fn binaries(platform: &Platform, release: bool) -> Result<PathBuf> {
    Ok(workspace::target_dir(&platform.root)?.join(if release { "release" } else { "debug" }))
}

/// Builds; cargo shows its own progress. `cancel` ends it early. With `pgo`, the edge is built once more by the profile
/// of an earlier training.
pub(crate) fn run(platform: &Platform, options: BuildOptions, cancel: &dyn Fn() -> bool) -> Result<()> {
    let begun = Instant::now();
    let mut cargo = workspace::cargo(&platform.root);
    cargo.args(["build", "--bins"]);
    for program in Program::ALL {
        cargo.args(["-p", program.package()]);
    }
    if options.release {
        cargo.arg("--release");
    }
    step("build", "six programs (the first time takes minutes)");
    let built = wait(cargo.stdin(Stdio::null()), cancel)?;
    if !built {
        return Err(Error::new("the build failed; cargo says why above"));
    }
    step("build", &format!("done in {}", seconds(begun.elapsed())));
    if options.pgo {
        pgo::rebuild(platform, cancel)?;
    }
    Ok(())
}

/// Fetches sources while something else holds up the build. A failure shows again in the build.
pub(crate) fn fetch(platform: &Platform, cancel: &dyn Fn() -> bool) {
    let mut cargo = workspace::cargo(&platform.root);
    let _ = wait(cargo.args(["fetch", "--quiet"]).stdin(Stdio::null()), cancel);
}

/// Runs a command to its end, or ends it when asked. True when it succeeded.
pub(crate) fn wait(command: &mut Command, cancel: &dyn Fn() -> bool) -> Result<bool> {
    Ok(outcome(command, cancel)?.success())
}

/// The same for those whose exit code tells more.
pub(crate) fn outcome(command: &mut Command, cancel: &dyn Fn() -> bool) -> Result<ExitStatus> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().context(|| format!("cannot run {name}"))?;
    loop {
        if let Some(status) = child.try_wait().context(|| format!("cannot wait for {name}"))? {
            return Ok(status);
        }
        if cancel() || signals::asked_to_stop() {
            end(&mut child);
            return Err(Error::new("interrupted"));
        }
        pause(Duration::from_millis(50));
    }
}

/// Lets a child that heard the terminal's Ctrl-C end by itself, and ends it otherwise.
fn end(child: &mut Child) {
    let process = shared_stack::process::Process::of(child.id());
    if let Some(process) = process {
        process.signal(shared_stack::process::Signal::TERM);
    }
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        pause(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
}
