//! `up`: from whatever there is to a serving platform.
//!
//! [`converge`] is the whole way in order. It compares what should run with what runs, so that a first start, a second
//! `up`, a changed scale, a rebuilt program and what a killed `up` left behind are all the same case.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use shared_stack::{Result, find::Need, install, process::Process};

use crate::{
    args::UpOptions,
    build, down, health, launch, lock,
    names::Program,
    output::{say, step},
    plan,
    platform::Platform,
    ports, signals,
    state::{Entry, State},
    stores, supervise,
};

/// The exit code of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Whether this run started, replaced or stopped anything.
type Changed = AtomicBool;

/// Runs `up`.
pub(crate) fn run(platform: &Platform, options: &UpOptions) -> Result<ExitCode> {
    signals::watch()?;
    let before = platform.state()?;
    let watched = before.foreground && before.supervisor.as_ref().is_some_and(Process::is_alive);
    let lock = lock::take(&platform.dir.join("up.lock"), "cargo dev up", &platform.command("down"))?;
    if !watched {
        // An `up` that was killed in the foreground is taken over by the next one.
        let detach = options.detach || (before.up && !before.foreground);
        platform.update(|state| {
            state.supervisor = Process::current();
            state.foreground = !detach;
        })?;
    }
    let start = Instant::now();
    let idle = match bring_up(platform, options) {
        Ok(idle) => idle,
        Err(error) if !signals::asked_to_stop() => return Err(error),
        Err(_) => return Ok(ExitCode::from(INTERRUPTED)),
    };
    drop(lock);
    let state = platform.state()?;
    report(platform, &state, idle, start.elapsed());
    if watched || !state.foreground {
        if !watched {
            platform.update(|state| state.supervisor = None)?;
        }
        match before.supervisor {
            Some(supervisor) if watched => say(&format!("\n`up` (pid {}) watches over it.", supervisor.pid)),
            _ if options.detach => {}
            _ => say("\nIt runs in the background."),
        }
        return Ok(ExitCode::SUCCESS);
    }
    say("\nCtrl-C stops everything.");
    supervise::run(platform)
}

/// Brings everything up, or takes down again what it started. Tells whether there was nothing to do.
pub(crate) fn bring_up(platform: &Platform, options: &UpOptions) -> Result<bool> {
    let changed = Changed::new(false);
    if let Err(error) = converge(platform, options, &changed) {
        // A platform that served before goes on as far as it can; `status` shows what is missing.
        if platform.state()?.up {
            platform.update(|state| {
                state
                    .supervisor
                    .take_if(|process| Some(&*process) == Process::current().as_ref())
            })?;
        } else {
            if changed.load(Ordering::SeqCst) {
                say("\nstopping what was started");
            }
            down::everything(platform)?;
        }
        return Err(error);
    }
    Ok(!changed.load(Ordering::SeqCst))
}

/// Everything `up` does, in order.
fn converge(platform: &Platform, options: &UpOptions, changed: &Changed) -> Result<()> {
    let before = platform.state()?;
    plan::note(platform, options)?;
    platform.end_unrecorded()?;
    let surplus = plan::choose_instances(platform)?;
    for entry in platform
        .state()?
        .programs
        .iter()
        .filter(|entry| entry.living().is_none())
    {
        ports::check(platform, entry)?;
    }
    prepare(platform, changed)?;
    let state = platform.state()?;
    if let Err(error) = launch::check_config(platform, &state) {
        // The edge that serves goes on with the file it has, and so does the next `up`.
        if before.up {
            platform.update(|state| state.config = before.config)?;
        }
        return Err(error);
    }
    let (edges, services): (Vec<Entry>, Vec<Entry>) = state
        .programs
        .iter()
        .cloned()
        .partition(|entry| entry.program == Program::Edge);
    start_all(platform, &services, changed)?;
    start_all(platform, &edges, changed)?;
    for entry in surplus {
        launch::stop(platform, &entry)?;
        step("stop", &format!("{}: no longer wanted", entry.name()));
        changed.store(true, Ordering::SeqCst);
    }
    await_routes(&edges);
    platform.update(|state| state.up = true)
}

/// Stores and programs, side by side: a fresh machine installs and starts its stores while cargo builds.
fn prepare(platform: &Platform, changed: &Changed) -> Result<()> {
    let stack = platform.stack()?;
    let ours = stores::ours(platform, &stack)?;
    let state = platform.state()?;
    let mut missing = install::missing(&[Need::Cmake]);
    if !state.docker {
        missing.extend(install::missing(
            &ours.iter().map(|store| store.need()).collect::<Vec<_>>(),
        ));
    }
    if !missing.is_empty() && install::way().is_none() {
        // All of it in one command, before anything is begun.
        return install::install(&missing, &platform.log("apt"));
    }
    let failed = AtomicBool::new(false);
    let cancel = || failed.load(Ordering::SeqCst) || signals::asked_to_stop();
    thread::scope(|scope| {
        // The build waits for cmake alone, and cargo can fetch meanwhile.
        if missing.contains(&Need::Cmake) {
            scope.spawn(|| build::fetch(platform, &cancel));
            stores::install(platform, &[Need::Cmake])?;
        }
        let started = scope.spawn(|| {
            let needs: Vec<Need> = ours.iter().map(|store| store.need()).collect();
            let ready = if state.docker {
                Ok(())
            } else {
                stores::install(platform, &needs)
            };
            let ready = ready.and_then(|()| stores::start(&stack, &ours, &cancel, changed));
            failed.fetch_or(ready.is_err(), Ordering::SeqCst);
            ready
        });
        let built = build::run(platform, state.build(), &cancel);
        let stores_failed = failed.fetch_or(built.is_err(), Ordering::SeqCst);
        let started = stores::join(started);
        // The one that failed first is the cause of the other.
        if stores_failed {
            started.and(built)
        } else {
            built.and(started)
        }
    })
}

/// Starts, restarts or leaves alone each of these, side by side.
fn start_all(platform: &Platform, entries: &[Entry], changed: &Changed) -> Result<()> {
    let state = platform.state()?;
    let state = &state;
    thread::scope(|scope| {
        let running: Vec<_> = entries
            .iter()
            .map(|entry| scope.spawn(move || start_one(platform, state, entry, changed)))
            .collect();
        let results: Vec<Result<()>> = running.into_iter().map(stores::join).collect();
        results.into_iter().collect()
    })
}

fn start_one(platform: &Platform, state: &State, entry: &Entry, changed: &Changed) -> Result<()> {
    let mut word = "migrated and ready";
    if entry.program == Program::Edge {
        word = "ready";
    }
    if entry.living().is_some() {
        let same_build = launch::build_id(platform, state, entry.program)? == entry.build;
        if same_build && launch::settings_id(platform, state, entry)? == entry.settings {
            return health::await_ready(platform, entry, None).map(drop);
        }
        launch::stop(platform, entry)?;
        word = if same_build {
            "restarted with new settings"
        } else {
            "restarted with the new build"
        };
    }
    changed.store(true, Ordering::SeqCst);
    let took = launch::start(platform, entry)?;
    step(
        "start",
        &format!("{} on {}, {word} in {}", entry.name(), entry.bind, seconds(took)),
    );
    Ok(())
}

/// The edge learns of its targets by health checks; the first requests of a person should find them all. A
/// configuration without these routes is no error.
fn await_routes(edges: &[Entry]) {
    let end = Instant::now() + Duration::from_secs(10);
    for edge in edges {
        for service in Program::SERVICES {
            let path = format!("/api/{service}/health");
            let answers = || shared_stack::probe::http_status(&edge.reachable("127.0.0.1"), &path);
            while !answers().is_ok_and(|status| status == 200 || status == 404) {
                if Instant::now() > end || signals::asked_to_stop() {
                    return;
                }
                shared_stack::process::pause(Duration::from_millis(100));
            }
        }
    }
}

fn report(platform: &Platform, state: &State, idle: bool, took: Duration) {
    let edge = state
        .entry(Program::Edge, 1)
        .map(|entry| entry.reachable("localhost"))
        .unwrap_or_default();
    if idle {
        say(&format!("\nAlready up: http://{edge}"));
    } else {
        say(&format!("\nNewFeed serves on http://{edge} ({})", seconds(took)));
    }
    say("\nTry next:");
    say(&format!("  curl http://{edge}/api/posts/health"));
    let next = [
        ("smoke", "the README's examples, one by one"),
        ("status", "what runs where"),
        ("logs posts -f", "what posts writes"),
        ("down", "stop everything"),
    ]
    .map(|(command, what)| (platform.command(command), what));
    let width = next.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, what) in next {
        say(&format!("  {command:<width$}   {what}"));
    }
}

/// `0.4 s`, `83 s`
pub(crate) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}
