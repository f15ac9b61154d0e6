//! `down`: the edge drains first, then the services end, then the stores.

use std::{process::ExitCode, thread, time::Duration};

use shared_stack::{
    Result, Store,
    process::{Ended, Process, Signal},
};

use crate::{
    launch,
    names::Program,
    output::{say, step},
    platform::Platform,
    signals,
    state::Entry,
    stores,
};

/// Runs `down`.
pub(crate) fn run(platform: &Platform) -> Result<ExitCode> {
    signals::watch()?;
    let supervisor = platform.state()?.supervisor;
    if let Some(supervisor) =
        supervisor.filter(|process| process.is_alive() && Some(process) != Process::current().as_ref())
    {
        say(&format!("asking `up` (pid {}) to stop", supervisor.pid));
        supervisor.signal(Signal::TERM);
        if !supervisor.wait_gone(Duration::from_secs(90)) {
            supervisor.kill();
        }
    }
    everything(platform)?;
    say("Everything is stopped.");
    Ok(ExitCode::SUCCESS)
}

/// Stops all that belongs to this platform, whoever started it.
pub(crate) fn everything(platform: &Platform) -> Result<()> {
    let state = platform.state()?;
    let (edges, services): (Vec<Entry>, Vec<Entry>) = state
        .programs
        .into_iter()
        .partition(|entry| entry.program == Program::Edge);
    stop_all(platform, &edges)?;
    stop_all(platform, &services)?;
    platform.end_unrecorded()?;
    stores::stop(&platform.stack()?, &Store::ALL)?;
    platform.update(|state| {
        state.up = false;
        state.supervisor = None;
        for entry in &mut state.programs {
            entry.process = None;
        }
    })
}

fn stop_all(platform: &Platform, entries: &[Entry]) -> Result<()> {
    thread::scope(|scope| {
        let running: Vec<_> = entries
            .iter()
            .map(|entry| scope.spawn(move || stop_one(platform, entry)))
            .collect();
        running.into_iter().try_for_each(stores::join)
    })
}

fn stop_one(platform: &Platform, entry: &Entry) -> Result<()> {
    match launch::stop(platform, entry)? {
        Ended::Already => {}
        Ended::Gracefully => step("stop", &entry.name()),
        Ended::Killed => step(
            "stop",
            &format!("{}: killed, since it did not end in time", entry.name()),
        ),
    }
    Ok(())
}
