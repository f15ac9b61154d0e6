//! `stop`, `start`, `restart`, `kill`: one part of a running platform at a time.

use std::process::ExitCode;

use shared_stack::{Error, Result, Store, process::Ended};

use crate::{
    launch,
    names::{Part, Target},
    output::say,
    platform::Platform,
    state::Entry,
    up::seconds,
};

/// One instance or one store.
enum One {
    Program(Box<Entry>),
    Store(Store),
}

pub(crate) fn stop(platform: &Platform, targets: &[Target]) -> Result<ExitCode> {
    each(platform, targets, stop_one)
}

pub(crate) fn start(platform: &Platform, targets: &[Target]) -> Result<ExitCode> {
    each(platform, targets, start_one)
}

pub(crate) fn restart(platform: &Platform, targets: &[Target]) -> Result<ExitCode> {
    each(platform, targets, |platform, one| {
        stop_one(platform, one)?;
        start_one(platform, one)
    })
}

pub(crate) fn kill(platform: &Platform, targets: &[Target]) -> Result<ExitCode> {
    each(platform, targets, |platform, one| {
        let (name, killed) = match one {
            One::Program(entry) => (entry.name(), launch::kill(platform, entry)?),
            One::Store(store) => (store.to_string(), platform.stack()?.kill(*store)?),
        };
        say(&if killed {
            format!("{name} killed")
        } else {
            format!("{name} was not running")
        });
        Ok(())
    })
}

fn stop_one(platform: &Platform, one: &One) -> Result<()> {
    let (name, running) = match one {
        One::Program(entry) => (entry.name(), launch::stop(platform, entry)? != Ended::Already),
        One::Store(store) => (store.to_string(), platform.stack()?.stop(*store)?),
    };
    say(&if running {
        format!("{name} stopped")
    } else {
        format!("{name} was not running")
    });
    Ok(())
}

fn start_one(platform: &Platform, one: &One) -> Result<()> {
    match one {
        One::Program(entry) => {
            // As it is now, not as it was before a stop.
            let state = platform.state()?;
            if state
                .entry(entry.program, entry.instance)
                .is_some_and(|entry| entry.living().is_some())
            {
                say(&format!("{} runs already", entry.name()));
                return Ok(());
            }
            let took = launch::start(platform, entry)?;
            say(&format!("{} ready in {}", entry.name(), seconds(took)));
        }
        One::Store(store) => {
            let stack = platform.stack()?;
            let address = stack.address(*store)?;
            let started = stack.start(*store, &crate::stores::stop_asked)?;
            let text = if started.new {
                format!("ready in {}", seconds(started.took))
            } else {
                "runs already".to_owned()
            };
            say(&format!("{store} {text}"));
            if stack.address(*store)? != address {
                say(&format!(
                    "its port had been taken, so it has a new one; then: {}",
                    platform.command("up")
                ));
            }
        }
    }
    Ok(())
}

/// Does the same to everything that the targets mean.
fn each(platform: &Platform, targets: &[Target], act: impl Fn(&Platform, &One) -> Result<()>) -> Result<ExitCode> {
    let state = platform.state()?;
    if !state.up {
        return Err(Error::new("the platform is not up").cure(platform.command("up")));
    }
    // All names are checked before anything is touched.
    let mut all = Vec::new();
    for target in targets {
        match target.part {
            Part::Program(program) => {
                let found = state.select(program, *target)?;
                all.extend(found.into_iter().map(|entry| One::Program(Box::new(entry))));
            }
            Part::Store(store) => {
                if !platform.settings.private_stores(&platform.stack()?)?.contains(&store) {
                    return Err(Error::new(format!(
                        "{store} is configured in `.env` or the environment and not ours to touch"
                    )));
                }
                all.push(One::Store(store));
            }
        }
    }
    for one in &all {
        act(platform, one)?;
    }
    Ok(ExitCode::SUCCESS)
}
