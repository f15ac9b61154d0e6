//! `bench peers` as a person calls it, with no peer that must be installed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bench_report::{
    model::{PeersReport, Report},
    store,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

fn bench(state: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command
        .arg("peers")
        .args(words)
        .env("BENCH_STATE", state)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

fn load(file: &Path) -> PeersReport {
    match store::load(file).unwrap() {
        Report::Peers(report) => *report,
        other => panic!("another report: {other:?}"),
    }
}

#[test]
fn a_comparison_is_kept_as_a_report() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("report.json");
    let words = [
        "direct",
        "--rounds",
        "2",
        "--duration",
        "300ms",
        "--rate",
        "100",
        "--clients",
        "4",
        "--save",
    ];
    let status = bench(&dir.path().join("state"), &words).arg(&file).status().unwrap();
    // On a busy machine the generator may be late, and says so by its exit code.
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    let report = load(&file);
    let names: Vec<&str> = report.works.iter().map(|work| work.name.as_str()).collect();
    assert_eq!((names, report.rounds), (vec!["pass-through", "admitted"], 2));
    for work in &report.works {
        let [row] = work.rows.as_slice() else {
            panic!("{work:?}")
        };
        assert_eq!((row.peer.as_str(), row.failed), ("direct", 0));
        assert!(row.throughput.min > 0.0 && row.throughput.max >= row.throughput.median);
        let origin = row.processes.iter().find(|process| process.name == "origin-1").unwrap();
        assert!(origin.cpu_us_per_request > 0.0 && origin.peak_rss_bytes > 0);
    }
    assert!(report.header.command.contains("peers direct --rounds 2"));
    assert!(dir.path().join("report.html").is_file());
    assert_eq!(
        fs::read_dir(dir.path().join("state/runs")).unwrap().count(),
        0,
        "a run's files are left"
    );
}

#[test]
fn a_missed_goal_shows_in_the_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "direct",
        "--work",
        "pass-through",
        "--rounds",
        "1",
        "--duration",
        "200ms",
        "--rate",
        "100",
    ];
    let file = dir.path().join("report.json");
    let mut command = bench(&dir.path().join("state"), &words);
    command
        .args(["--fail-on", "pass-through:edge/haproxy<=1.5", "--save"])
        .arg(&file);
    let status = command.status().unwrap();
    assert!(matches!(status.code(), Some(1 | 3)), "{status}");
    let report = load(&file);
    assert!(!report.goals[0].met && !report.header.verdict.passed);
    assert!(
        report
            .header
            .verdict
            .reasons
            .iter()
            .any(|reason| reason.contains("not measured"))
    );
}

#[test]
fn an_interrupted_comparison_leaves_nothing_running() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let mut child = bench(&state, &["direct", "--duration", "10m"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let recorded = |name: &str| {
        let runs = fs::read_dir(state.join("runs")).ok()?;
        let file = runs
            .flatten()
            .map(|run| run.path().join(name))
            .find(|file| file.is_file())?;
        let text = fs::read_to_string(file).ok()?;
        let process: serde_json::Value = serde_json::from_str(&text).ok()?;
        process["pid"].as_u64()
    };
    let begun = || {
        Some([
            recorded("origin-1.process")?,
            recorded("origin-2.process")?,
            recorded("redis.process")?,
        ])
    };
    let pids = until(&mut child, begun);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let end = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "it does not end");
        shared_stack::process::pause(Duration::from_millis(10));
    }
    for pid in pids {
        let pid = u32::try_from(pid).unwrap();
        assert_eq!(shared_stack::process::Process::of(pid), None, "{pid} still runs");
    }
}

fn until<T>(child: &mut Child, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        assert!(Instant::now() < end, "nothing was started");
        shared_stack::process::pause(Duration::from_millis(10));
    }
}
