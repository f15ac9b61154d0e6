//! `test`: every test on stores of its own, then the end-to-end tests on a platform of its own.
//!
//! Nothing here sees or touches the platform that may be running, nor what `.env` says about stores.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
    sync::atomic::AtomicBool,
    thread,
    time::Instant,
};

use shared_stack::{Error, Options, Result, Stack, Store, find::Need};

use crate::{
    args::{TestOptions, UpOptions},
    build, down, launch, lock,
    names::Program,
    output::{say, warn},
    platform::Platform,
    reset, show_env, signals, stores,
    up::{self, seconds},
    venv, workspace,
};

/// Directories of platforms that tests make below the state directory.
pub(crate) const PLATFORMS: [&str; 2] = ["test", "e2e"];

/// Runs `test`.
pub(crate) fn run(platform: &Platform, options: &TestOptions) -> Result<ExitCode> {
    let TestOptions { full, e2e, ref args } = *options;
    // Kept now: while crates are tested, cargo may replace the file that this process was started from.
    let own = env::current_exe().unwrap_or_else(|_| "cargo-dev".into());
    signals::watch()?;
    let begun = Instant::now();
    let _lock = lock::take(&platform.dir.join("test.lock"), "cargo dev test", "wait for it")?;
    let everything = args.is_empty();
    let mut needs = vec![Need::Cmake, Need::Postgres, Need::Redis, Need::Rabbitmq];
    if everything {
        needs.extend([
            Need::Node,
            Need::Chromium,
            Need::Varnishtest,
            Need::H2load,
            Need::Testssl,
        ]);
        if !platform.root.join("tests/package.json").is_file() {
            return Err(Error::new(
                "tests/package.json is missing, so there are no end-to-end tests to run",
            ));
        }
    }
    stores::install(platform, &needs)?;

    let crates = if e2e {
        None
    } else {
        heading("tests of crates");
        Some(on_private_stores(platform, full, args)?)
    };
    let end_to_end = if everything && !signals::asked_to_stop() {
        heading("end-to-end tests");
        Some(end_to_end(platform, full, &own)?)
    } else {
        None
    };
    let word = |passed: Option<bool>| match passed {
        Some(true) => "passed",
        Some(false) => "FAILED",
        None => "not asked for",
    };
    say(&format!(
        "\ntests of crates:  {}\nend-to-end tests: {}",
        word(crates),
        word(end_to_end)
    ));
    say(&format!("took {}", seconds(begun.elapsed())));
    Ok(
        if crates != Some(false) && end_to_end != Some(false) && !signals::asked_to_stop() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        },
    )
}

fn heading(text: &str) {
    say(&format!("\n== {text}"));
}

/// `cargo test` with the addresses of fresh stores. True when all passed.
fn on_private_stores(platform: &Platform, full: bool, args: &[String]) -> Result<bool> {
    reset::erase(&platform.below("test")?)?;
    let home = platform.below("test")?;
    let options = Options {
        throwaway: true,
        ..Options::default()
    };
    let stack = Stack::new(&home.dir, options)?;
    let result = crates(platform, &stack, full, args);
    let erased = reset::erase(&home);
    let passed = result?;
    erased.map(|()| passed)
}

fn crates(platform: &Platform, stack: &Stack, full: bool, args: &[String]) -> Result<bool> {
    let (for_cargo, for_tests) = split(args);
    let cargo = |extra: &[&str]| {
        let mut cargo = workspace::cargo(&platform.root);
        hermetic(&mut cargo);
        cargo.arg("test").arg("--locked");
        if !names_packages(for_cargo) {
            cargo.arg("--workspace");
        }
        cargo.args(for_cargo).args(extra).stdin(Stdio::null());
        cargo
    };
    let cancel = || signals::asked_to_stop();
    // The stores start while cargo builds.
    let built = thread::scope(|scope| {
        let started = scope.spawn(|| stores::start(stack, &Store::ALL, &cancel, &AtomicBool::new(false)));
        let built = build::wait(&mut cargo(&["--no-run"]), &cancel);
        stores::join(started)?;
        built
    })?;
    if !built {
        return Err(Error::new("the tests do not build; cargo says why above"));
    }
    // All crates are tested, also after one failed.
    let mut tests = cargo(&["--no-fail-fast"]);
    let urls = [
        ("TEST_DATABASE_URL", stack.database_url("postgres")?),
        ("TEST_REDIS_URL", stack.redis_url()?),
        ("TEST_AMQP_URL", stack.amqp_url()?),
        ("TEST_AMQP_ADMIN_URL", stack.amqp_admin_url()?),
    ];
    tests.envs(urls.into_iter().filter_map(|(name, url)| Some((name, url?))));
    let mut rest: Vec<&str> = for_tests.iter().map(String::as_str).collect();
    if full {
        rest.push("--include-ignored");
        tests.env("TEST_FULL", "1");
    }
    if !rest.is_empty() {
        tests.arg("--").args(rest);
    }
    build::wait(&mut tests, &cancel)
}

/// What is for cargo, and what is for the test programs after a second `--`.
fn split(args: &[String]) -> (&[String], &[String]) {
    match args.iter().position(|arg| arg == "--") {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (args, &[]),
    }
}

fn names_packages(args: &[String]) -> bool {
    args.iter()
        .any(|arg| arg == "-p" || arg == "--package" || arg.starts_with("--package=") || arg.starts_with("-p="))
}

/// Removes what a person may have exported with `cargo dev env`: tests speak to their own stores and programs only.
fn hermetic(command: &mut Command) {
    for name in [
        "BIND",
        "DATABASE_URL",
        "REDIS_URL",
        "AMQP_URL",
        "SERVICE_TOKEN",
        "SERVICE_TOKEN_DIGESTS",
        "REDIS_PREFIX",
        "ADMIN_URL",
        "EDGE_ADMIN",
        "EDGE_ADMIN_TOKEN_FILE",
        "EDGE_ADMIN_AUDIT_FILE",
    ] {
        command.env_remove(name);
    }
    for program in Program::ALL {
        for (before, after) in [("DATABASE_URL_", ""), ("", "_URL"), ("", "_URLS"), ("", "_TARGETS")] {
            command.env_remove(format!("{before}{}{after}", program.upper()));
        }
    }
}

/// The Node tests against a fresh platform. True when all passed.
fn end_to_end(platform: &Platform, full: bool, own: &Path) -> Result<bool> {
    reset::erase(&platform.below("e2e")?)?;
    platform.below("e2e")?.update(|state| state.hermetic = true)?;
    // Opened again, now that it is to be without `.env`.
    let fresh = platform.below("e2e")?;
    install_packages(platform)?;
    let tools = venv::of_tests(platform)?;
    let options = UpOptions {
        detach: true,
        scale: BTreeMap::from([(Program::Comments, 2), (Program::Notifications, 2), (Program::Edge, 2)]),
        config: Some(platform.root.join("tests/edge.yaml")),
        ..UpOptions::default()
    };
    up::bring_up(&fresh, &options)?;
    let result = node_tests(platform, &fresh, full, own, &tools);
    let stopped = down::everything(&fresh);
    let passed = result?;
    if passed {
        reset::erase(&fresh)?;
    } else {
        warn(&format!(
            "what the programs wrote: {}",
            fresh.dir.join("logs").display()
        ));
    }
    stopped.map(|()| passed)
}

/// `npm ci`, unless what is installed is what the lockfile says.
fn install_packages(platform: &Platform) -> Result<()> {
    let tests = platform.root.join("tests");
    let changed = |file: &str| fs::metadata(tests.join(file)).and_then(|found| found.modified()).ok();
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_some() && installed >= changed("package-lock.json") {
        return Ok(());
    }
    say("npm ci");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund"])
        .current_dir(&tests)
        .stdin(Stdio::null());
    if build::wait(&mut npm, &signals::asked_to_stop)? {
        return Ok(());
    }
    Err(Error::new("npm ci failed; npm says why above"))
}

fn node_tests(platform: &Platform, fresh: &Platform, full: bool, own: &Path, tools: &Path) -> Result<bool> {
    let mut npm = Command::new("npm");
    npm.arg("test")
        .current_dir(platform.root.join("tests"))
        .stdin(Stdio::null());
    hermetic(&mut npm);
    // One of the tests builds a program of this workspace.
    workspace::forget_caller(&mut npm);
    npm.envs(show_env::addresses(fresh)?);
    npm.env(
        "DEV",
        format!(
            "{} --state {}",
            show_env::quoted(&own.to_string_lossy()),
            show_env::quoted(&fresh.dir.to_string_lossy())
        ),
    );
    npm.env("EDGE_PROGRAM", launch::binary(&fresh.state()?, Program::Edge))
        .env("PYTHON_TOOLS", tools);
    npm.env("NO_PROXY", "localhost,127.0.0.1")
        .env("no_proxy", "localhost,127.0.0.1");
    if full {
        npm.env("TEST_FULL", "1");
    }
    build::wait(&mut npm, &signals::asked_to_stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_go_to_cargo_and_those_after_dashes_to_the_tests() {
        let args = words("-p posts feed -- --nocapture");
        assert_eq!(split(&args), (&args[..3], &args[4..]));
        assert_eq!(split(&args[..2]), (&args[..2], &[][..]));
    }

    #[test]
    fn naming_a_package_narrows_the_run() {
        assert!(names_packages(&words("-p posts")) && names_packages(&words("--package=posts")));
        assert!(!names_packages(&words("posts --lib")));
    }
}
