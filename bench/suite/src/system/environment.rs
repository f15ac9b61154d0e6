//! The machine and the programs, for the head of a report.

use super::{cpus::Layout, syscalls};
use bench_report::model::Environment;
use std::{fs, path::Path, process::Command};

/// Facts of this machine. `profile` says how the programs under test were built.
pub(crate) fn facts(root: &Path, profile: &str, layout: &Layout) -> Environment {
    let mut notes = vec![layout.describe()];
    notes.extend(busy());
    if let Err(why) = syscalls::available() {
        notes.push(format!("system calls are not counted: {why}"));
    }
    if cfg!(debug_assertions) {
        notes.push("the suite itself was built without optimisation: its figures are not to be believed".to_owned());
    }
    let kernel = rustix::system::uname();
    Environment {
        cpu: value("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        cores: std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        memory_bytes: memory(),
        kernel: kernel.release().to_string_lossy().into_owned(),
        os: os(),
        rustc: said(Command::new("rustc").arg("--version")).unwrap_or_default(),
        commit: commit(root),
        profile: profile.to_owned(),
        notes,
    }
}

/// How what is measured was built, as far as that is known: of a `target` that was up already it is not, and the place of
/// a built `edge` tells it.
pub(crate) fn profile(target: Option<&str>, edge: Option<&Path>) -> &'static str {
    let file = edge.map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
    match (target, file) {
        (Some(_), _) => "",
        (None, file) if file.contains("pgo") => "release+pgo",
        (None, file) if file.contains("/debug/") => "debug",
        (None, _) => "release",
    }
}

/// The short commit, with `+` where the tree had changes; empty outside of a repository.
fn commit(root: &Path) -> String {
    let git = |args: &[&str]| said(Command::new("git").arg("-C").arg(root).args(args));
    let Some(commit) = git(&["rev-parse", "--short=10", "HEAD"]) else {
        return String::new();
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    format!("{commit}{}", if changed { "+" } else { "" })
}

/// What else the machine was doing before anything was measured.
fn busy() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let load: f64 = text.split(' ').next()?.parse().ok()?;
    (load > 0.5).then(|| format!("the machine was not idle at the begin: load average {load:.1}"))
}

fn memory() -> u64 {
    let text = value("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kilobytes: u64 = text.trim_end_matches(" kB").parse().unwrap_or(0);
    kilobytes * 1024
}

fn os() -> String {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(
        || std::env::consts::OS.to_owned(),
        |name| name.trim_matches('"').to_owned(),
    )
}

/// The first `name : value` of a file of `/proc`.
fn value(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start().trim_start_matches(':').trim().to_owned())
}

/// What a program prints, trimmed; `None` when it fails.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// The command that makes this report again, as it was typed.
pub(crate) fn command_line() -> String {
    let args: Vec<String> = std::env::args().skip(1).map(|arg| quoted(&arg)).collect();
    format!("cargo dev bench {}", args.join(" "))
}

fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+%@".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

/// Now, as RFC 3339 in UTC.
pub(crate) fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::place;

    #[test]
    fn the_machine_is_described() {
        let root = place::root().unwrap();
        let facts = facts(&root, "debug", &Layout::of_this_machine());
        assert!(facts.cores >= 1 && facts.memory_bytes > 1 << 28);
        assert!(!facts.cpu.is_empty() && !facts.kernel.is_empty() && !facts.os.is_empty());
        assert!(facts.rustc.starts_with("rustc "), "{}", facts.rustc);
        assert!(facts.notes.iter().any(|note| note.contains("pinned")));
    }

    #[test]
    fn a_profile_is_claimed_only_where_it_is_known() {
        let edge = |file| profile(None, Some(Path::new(file)));
        assert_eq!(
            [edge("target/debug/edge"), edge(".run/pgo/edge"), edge("edge")],
            ["debug", "release+pgo", "release"]
        );
        assert_eq!(
            [profile(None, None), profile(Some("http://localhost:8080"), None)],
            ["release", ""]
        );
    }

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(quoted("--rate=1.5"), "--rate=1.5");
        assert_eq!(quoted("a b's"), r"'a b'\''s'");
    }
}
