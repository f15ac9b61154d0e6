//! `doctor`: everything `up`, `test` and `bench` need, looked at without changing anything.

use std::process::ExitCode;

use shared_stack::{
    Result, docker,
    find::{Finding, Need, program},
    install, ports,
};

use crate::{names::Program, output::say, platform::Platform, stores, workspace};

/// A fresh debug build with its tests, and the stores' data.
const DISK_NEEDED_GIB: u64 = 8;

/// What `up` needs.
const STORES_AND_BUILD: [Need; 4] = [Need::Cmake, Need::Postgres, Need::Redis, Need::Rabbitmq];

/// What else is used, and by what.
const TOOLS: [(Need, &str); 9] = [
    (Need::Node, "test"),
    (Need::Chromium, "test"),
    (Need::Python, "test"),
    (Need::Varnishtest, "test"),
    (Need::H2load, "test"),
    (Need::Testssl, "test"),
    (Need::Curl, "smoke"),
    (Need::Valgrind, "bench instructions"),
    (Need::Perf, "bench profile"),
];

/// What can do without: `--install` leaves it to the command that wants it.
const OPTIONAL: [Need; 1] = [Need::Perf];

/// What one look found.
enum Verdict {
    Good,
    /// Not as it should be, and no obstacle.
    Note,
    /// An obstacle.
    Bad,
}

/// Runs `doctor`.
pub(crate) fn run(platform: &Platform, install: bool) -> Result<ExitCode> {
    if install {
        let mut needs = STORES_AND_BUILD.to_vec();
        needs.extend(
            TOOLS
                .map(|(need, _)| need)
                .iter()
                .filter(|need| !OPTIONAL.contains(need)),
        );
        stores::install(platform, &needs)?;
    }
    let mut bad = 0;
    let mut tell = |(verdict, what, text): (Verdict, &str, String)| {
        let mark = match verdict {
            Verdict::Good => "ok",
            Verdict::Note => "note",
            Verdict::Bad => {
                bad += 1;
                "BAD"
            }
        };
        say(&format!("  {mark:<5} {what:<12} {text}"));
    };
    let may_install = install::way().is_some();
    tell(toolchain(platform));
    tell(compiler());
    for need in STORES_AND_BUILD {
        tell(needed(need, may_install, "up", true));
    }
    for (need, user) in TOOLS {
        tell(needed(need, may_install, user, false));
    }
    tell(installing());
    tell(containers());
    tell(disk(platform));
    tell(memory());
    let state = platform.state()?;
    if state.up {
        tell((
            Verdict::Good,
            "platform",
            format!("up; see: {}", platform.command("status")),
        ));
    } else {
        for program in Program::ALL {
            tell(port(platform, program));
        }
    }
    say(&match bad {
        0 => "\nNothing stands in the way.".to_owned(),
        1 => "\nOne thing stands in the way.".to_owned(),
        more => format!("\n{more} things stand in the way."),
    });
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn toolchain(platform: &Platform) -> (Verdict, &'static str, String) {
    let output = workspace::cargo(&platform.root).arg("--version").output();
    let version = output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    if version.is_empty() {
        (Verdict::Bad, "cargo", "does not run".to_owned())
    } else {
        (Verdict::Good, "cargo", version)
    }
}

fn compiler() -> (Verdict, &'static str, String) {
    match program("cc") {
        Some(path) => (Verdict::Good, "cc", path.display().to_string()),
        None => (
            Verdict::Bad,
            "cc",
            "missing; cure: apt-get install build-essential".to_owned(),
        ),
    }
}

fn needed(need: Need, may_install: bool, user: &str, by_up: bool) -> (Verdict, &'static str, String) {
    match need.look() {
        Finding::Good(path, version) => (Verdict::Good, need.name(), format!("{version} ({})", path.display())),
        Finding::Old(path, version) => {
            let text = format!("{version} ({}) is too old: {} or newer", path.display(), need.minimum());
            (if by_up { Verdict::Bad } else { Verdict::Note }, need.name(), text)
        }
        Finding::Missing if may_install => {
            let size = need.size().map(|size| format!(" ({size})")).unwrap_or_default();
            (
                Verdict::Note,
                need.name(),
                format!("missing; `{user}` installs it{size}"),
            )
        }
        Finding::Missing => {
            let text = format!("missing; cure: {}", install::command(&[need]));
            (if by_up { Verdict::Bad } else { Verdict::Note }, need.name(), text)
        }
    }
}

fn installing() -> (Verdict, &'static str, String) {
    let text = match install::way() {
        Some(install::Way::Root) => "through apt, as root",
        Some(install::Way::Sudo) => "through apt, with sudo",
        None => "not possible from here: no apt-get, or sudo asks for a password",
    };
    (
        if install::way().is_some() {
            Verdict::Good
        } else {
            Verdict::Note
        },
        "installing",
        text.to_owned(),
    )
}

fn containers() -> (Verdict, &'static str, String) {
    match docker::check() {
        Ok(()) => (Verdict::Good, "docker", "answers; `up --docker` works".to_owned()),
        Err(_) => (
            Verdict::Note,
            "docker",
            "not available; only `up --docker` would need it".to_owned(),
        ),
    }
}

fn disk(platform: &Platform) -> (Verdict, &'static str, String) {
    let Ok(found) = rustix::fs::statvfs(&platform.root) else {
        return (Verdict::Note, "disk", "cannot tell".to_owned());
    };
    let free = (found.f_bavail * found.f_frsize) >> 30;
    let verdict = if free >= DISK_NEEDED_GIB {
        Verdict::Good
    } else {
        Verdict::Bad
    };
    (
        verdict,
        "disk",
        format!("{free} GiB free; a first build wants {DISK_NEEDED_GIB}"),
    )
}

fn memory() -> (Verdict, &'static str, String) {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let available = field("MemAvailable:").unwrap_or_default() >> 10;
    let verdict = if available >= 2048 {
        Verdict::Good
    } else {
        Verdict::Note
    };
    (
        verdict,
        "memory",
        format!("{available} MiB available; the build is at ease with 2048"),
    )
}

fn port(platform: &Platform, program: Program) -> (Verdict, &'static str, String) {
    let bind = match crate::ports::choose(platform, program, 1, false) {
        Ok((bind, _)) => bind,
        Err(error) => return (Verdict::Bad, "port", error.to_string()),
    };
    let number = bind
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .unwrap_or_default();
    match bind.parse().map(ports::is_free) {
        Ok(true) => (Verdict::Good, "port", format!("{number} is free for {program}")),
        _ => {
            let owner = ports::owner(number).map(|owner| match owner.pid {
                Some(pid) => format!("pid {pid}: {}", owner.command),
                None => owner.command,
            });
            let text = format!(
                "{number}, wanted by {program}, is taken by {}",
                owner.unwrap_or_else(|| "nobody we can see".to_owned())
            );
            // No obstacle to building and testing, so it does not count.
            (Verdict::Note, "port", text)
        }
    }
}
