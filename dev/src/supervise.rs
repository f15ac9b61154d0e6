//! The foreground `up` after it is ready: tells what ends by itself, and on Ctrl-C stops everything.
//!
//! Nothing is restarted here: a program that ends is news, and `start` is one command away.

use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use shared_stack::{
    Result, Store, Wanted,
    process::{Process, pause},
    tail,
};

use crate::{
    down,
    output::{say, warn},
    platform::Platform,
    signals,
    state::State,
};

/// What runs, by name. What a container engine runs is its own to watch.
type Running = BTreeMap<String, (Option<Process>, Wanted)>;

/// Watches until it is asked to stop, or until another command took the platform down.
pub(crate) fn run(platform: &Platform) -> Result<ExitCode> {
    let mut before = look(platform, &platform.state()?)?;
    while !signals::asked_to_stop() {
        pause(Duration::from_millis(300));
        let state = platform.state()?;
        if !state.up {
            say("The platform was taken down.");
            return Ok(ExitCode::SUCCESS);
        }
        let now = look(platform, &state)?;
        for (name, (process, wanted)) in &now {
            let earlier = before.get(name).and_then(|(process, _)| process.as_ref());
            match (earlier, process) {
                (_, Some(process)) if earlier != Some(process) => say(&format!("{name} runs (pid {})", process.pid)),
                (Some(_), None) => tell(platform, name, *wanted),
                _ => {}
            }
        }
        before = now;
    }
    say("\nstopping (Ctrl-C again: at once)");
    down::everything(platform)?;
    say("Everything is stopped.");
    Ok(ExitCode::SUCCESS)
}

fn look(platform: &Platform, state: &State) -> Result<Running> {
    let programs = state
        .programs
        .iter()
        .map(|entry| (entry.name(), (entry.living().cloned(), entry.wanted)));
    let mut running: Running = programs.collect();
    let stack = platform.stack()?;
    for store in Store::ALL {
        running.insert(store.name().to_owned(), (stack.process(store)?, stack.wanted(store)?));
    }
    Ok(running)
}

/// Says that something ended, and shows its last words when nobody asked for it.
fn tell(platform: &Platform, name: &str, wanted: Wanted) {
    match wanted {
        Wanted::Stopped => say(&format!("{name} was stopped")),
        Wanted::Killed => say(&format!("{name} was killed")),
        Wanted::Running => {
            warn(&format!("{name} ended by itself; its last lines:"));
            for line in tail(&platform.log(name), 20) {
                warn(&format!("    {line}"));
            }
            warn(&format!("  cure: {}", platform.command(&format!("start {name}"))));
        }
    }
}
