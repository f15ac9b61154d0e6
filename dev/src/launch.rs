//! Starts and stops one instance of one program.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use shared_stack::{
    Context, Error, Result, Wanted,
    process::{Ended, Launch, Signal},
};

use crate::{
    environment, health,
    names::Program,
    platform::Platform,
    secrets::hex,
    signals,
    state::{Entry, State},
};

/// Long enough for requests at work; streams that stay open end with it.
const DRAIN: Duration = Duration::from_secs(20);

/// The file of a program.
pub(crate) fn binary(state: &State, program: Program) -> PathBuf {
    match (&state.edge, program) {
        (Some(edge), Program::Edge) => edge.clone(),
        _ => state.binaries.join(program.name()),
    }
}

fn config_file(platform: &Platform, state: &State) -> PathBuf {
    platform.root.join(&state.config)
}

/// Tells one build of a program from another.
///
/// # Errors
/// When it was never built.
pub(crate) fn build_id(platform: &Platform, state: &State, program: Program) -> Result<String> {
    let path = binary(state, program);
    identity(&path).ok_or_else(|| Error::new(format!("{} is not there", path.display())).cure(platform.command("up")))
}

fn identity(file: &Path) -> Option<String> {
    let found = fs::metadata(file).ok()?;
    Some(format!(
        "{}-{}.{}-{}",
        found.ino(),
        found.mtime(),
        found.mtime_nsec(),
        found.len()
    ))
}

/// Tells one set of arguments and variables from another.
pub(crate) fn settings_id(platform: &Platform, state: &State, entry: &Entry) -> Result<String> {
    let mut hash = Sha256::new();
    for (name, value) in environment::variables(platform, state, entry)? {
        hash.update(format!("{name}={value}\n"));
    }
    if entry.program == Program::Edge {
        let file = config_file(platform, state);
        hash.update(file.as_os_str().as_encoded_bytes());
        hash.update(identity(&file).unwrap_or_default());
    }
    Ok(hex(&hash.finalize()))
}

/// Lets the edge judge its configuration, so that a mistake in it does not cost the edge that serves.
///
/// # Errors
/// What the edge says of the file.
pub(crate) fn check_config(platform: &Platform, state: &State) -> Result<()> {
    let Some(entry) = state.programs.iter().find(|entry| entry.program == Program::Edge) else {
        return Ok(());
    };
    let file = config_file(platform, state);
    let judged = Command::new(binary(state, Program::Edge))
        .arg("check")
        .arg(&file)
        .envs(environment::variables(platform, state, entry)?)
        .current_dir(&platform.root)
        .stdin(Stdio::null())
        .output()
        .context(|| "cannot run `edge check`".to_owned())?;
    if judged.status.success() {
        return Ok(());
    }
    let said = [judged.stdout, judged.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let text = format!("the edge cannot use {}:\n{}", file.display(), said.trim_end());
    Err(Error::new(text).cure("mend the file, then the same command again"))
}

/// Starts an instance, notes it and waits until it is ready. Returns how long that took.
pub(crate) fn start(platform: &Platform, entry: &Entry) -> Result<Duration> {
    let begun = Instant::now();
    let state = platform.state()?;
    let args = match entry.program {
        Program::Edge => vec![
            "run".into(),
            "--config".into(),
            config_file(platform, &state).into_os_string(),
        ],
        _ => Vec::new(),
    };
    let build = build_id(platform, &state, entry.program)?;
    let settings = settings_id(platform, &state, entry)?;
    crate::ports::check(platform, entry)?;
    let launch = Launch {
        program: binary(&state, entry.program),
        args,
        env: environment::variables(platform, &state, entry)?.into_iter().collect(),
        without: vec!["NOTIFY_SOCKET".to_owned(), "DATABASE_URL".to_owned()],
        cwd: platform.root.clone(),
        log: platform.log(&entry.name()),
        account: None,
        state: platform.dir.clone(),
        name: entry.name(),
    };
    let spawned = launch.spawn()?;
    platform.update(|state| {
        if let Some(noted) = state.entry_mut(entry.program, entry.instance) {
            noted.process = Some(spawned.process.clone());
            noted.wanted = Wanted::Running;
            noted.build = build;
            noted.settings = settings;
        }
    })?;
    health::await_ready(platform, entry, Some(&spawned))?;
    Ok(begun.elapsed())
}

/// Asks an instance to drain and end, and ends it when it takes too long or we are in haste.
pub(crate) fn stop(platform: &Platform, entry: &Entry) -> Result<Ended> {
    platform.want(entry.program, entry.instance, Wanted::Stopped)?;
    let Some(process) = entry.living() else {
        return Ok(Ended::Already);
    };
    process.signal(Signal::TERM);
    let end = Instant::now() + DRAIN;
    while Instant::now() < end && !signals::asked_to_hurry() {
        if process.wait_gone(Duration::from_millis(200)) {
            return Ok(Ended::Gracefully);
        }
    }
    process.kill();
    process.wait_gone(Duration::from_secs(5));
    Ok(Ended::Killed)
}

/// SIGKILL. False when it was not running.
pub(crate) fn kill(platform: &Platform, entry: &Entry) -> Result<bool> {
    platform.want(entry.program, entry.instance, Wanted::Killed)?;
    let Some(process) = entry.living() else {
        return Ok(false);
    };
    let killed = process.kill();
    process.wait_gone(Duration::from_secs(5));
    Ok(killed)
}
