//! `status`: what runs, where, since when.

use std::{process::ExitCode, time::Duration};

use serde::Serialize;
use shared_stack::{Condition, Result, Stack, Store, Wanted, process::Process};

use crate::{health, output::say, platform::Platform, state::Entry};

/// One line of the answer; also its JSON form.
#[derive(Debug, Serialize)]
struct Line {
    /// `posts.1`, `redis`
    name: String,
    /// `ready`, `not answering`, `stopped`, `killed`, `died`, `external`
    state: String,
    pid: Option<u32>,
    address: Option<String>,
    uptime_seconds: Option<u64>,
    log: Option<String>,
}

/// The whole answer.
#[derive(Serialize)]
struct Status {
    up: bool,
    ready: bool,
    programs: Vec<Line>,
    stores: Vec<Line>,
}

/// Runs `status`.
pub(crate) fn run(platform: &Platform, json: bool) -> Result<ExitCode> {
    let state = platform.state()?;
    let stack = platform.stack()?;
    let ours = platform.settings.private_stores(&stack)?;
    let programs: Vec<Line> = state.programs.iter().map(|entry| program(platform, entry)).collect();
    let mut stores = Vec::new();
    for kind in Store::ALL {
        stores.push(store(&stack, kind, ours.contains(&kind))?);
    }
    let fine = |line: &Line| line.state == "ready" || line.state == "external";
    let ready = state.up && programs.iter().chain(&stores).all(fine);
    let status = Status {
        up: state.up,
        ready,
        programs,
        stores,
    };
    if json {
        say(&serde_json::to_string_pretty(&status).unwrap_or_default());
    } else {
        show(platform, &status);
    }
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn program(platform: &Platform, entry: &Entry) -> Line {
    let process = entry.living();
    let condition = match (process, entry.wanted) {
        (Some(_), _) if health::is_ready(entry) => Condition::Ready,
        (Some(_), _) => Condition::Silent,
        (None, Wanted::Stopped) => Condition::Stopped,
        (None, Wanted::Killed) => Condition::Killed,
        (None, Wanted::Running) => Condition::Died,
    };
    Line {
        name: entry.name(),
        state: condition.to_string(),
        pid: process.map(|process| process.pid),
        address: Some(entry.bind.clone()),
        uptime_seconds: process.and_then(Process::uptime).map(|time| time.as_secs()),
        log: Some(platform.log(&entry.name()).display().to_string()),
    }
}

fn store(stack: &Stack, store: Store, ours: bool) -> Result<Line> {
    let process = stack.process(store)?;
    Ok(Line {
        name: store.name().to_owned(),
        state: if ours {
            stack.condition(store)?.to_string()
        } else {
            "external".to_owned()
        },
        pid: process.as_ref().map(|process| process.pid),
        address: if ours { stack.address(store)? } else { None },
        uptime_seconds: process.and_then(|process| process.uptime()).map(|time| time.as_secs()),
        log: ours.then(|| stack.log(store).display().to_string()),
    })
}

fn show(platform: &Platform, status: &Status) {
    say(&format!(
        "{:<17} {:<14} {:>8}  {:<21} UP FOR",
        "NAME", "STATE", "PID", "ADDRESS"
    ));
    for line in status.programs.iter().chain(&status.stores) {
        let pid = line.pid.map(|pid| pid.to_string()).unwrap_or_default();
        let address = line.address.as_deref().unwrap_or_default();
        let uptime = line
            .uptime_seconds
            .map(|seconds| age(Duration::from_secs(seconds)))
            .unwrap_or_default();
        say(format!("{:<17} {:<14} {pid:>8}  {address:<21} {uptime}", line.name, line.state).trim_end());
    }
    if !status.up {
        say(&format!("\nThe platform is not up: {}", platform.command("up")));
    }
}

/// `42 s`, `7 min`, `3 h 5 min`, `2 d 4 h`
fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let said = |seconds| age(Duration::from_secs(seconds));
        assert_eq!(
            [said(42), said(600), said(11_100), said(187_200)],
            ["42 s", "10 min", "3 h 5 min", "2 d 4 h"]
        );
    }
}
