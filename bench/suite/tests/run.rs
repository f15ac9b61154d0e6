//! `bench run` as a person calls it, against an origin of the test's own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bench_origin::{Origin, Settings, Wrong};
use bench_report::{
    model::{Report, RunReport},
    store,
};
use std::{
    fs,
    path::Path,
    process::{Command, ExitStatus},
    thread,
    time::Duration,
};

/// What a run of this scenario ends with.
struct Ran {
    status: ExitStatus,
    shown: String,
    report: RunReport,
    page: String,
}

fn run(dir: &Path, origin: &Origin, scenario: &str) -> Ran {
    let (file, kept) = (dir.join("trial.yaml"), dir.join("report.json"));
    let head = "version: 1\ndescription: A trial.\nsystem: external\n";
    fs::write(&file, format!("{head}{scenario}")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    let address = format!("http://{}", origin.address());
    command.arg("run").arg(&file).args(["--target", &address, "--save"]);
    let output = command
        .arg(&kept)
        .env("BENCH_STATE", dir.join("state"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let Report::Run(report) = store::load(&kept).unwrap_or_else(|error| panic!("{error}\n{told}")) else {
        panic!("another report")
    };
    Ran {
        status: output.status,
        shown: String::from_utf8_lossy(&output.stdout).into_owned(),
        report: *report,
        page: fs::read_to_string(kept.with_extension("html")).unwrap(),
    }
}

#[test]
fn a_ramp_ends_where_its_target_becomes_slow() {
    let dir = tempfile::tempdir().unwrap();
    let origin = Origin::start(Settings::default()).unwrap();
    let ran = thread::scope(|scope| {
        let slow = scope.spawn(|| {
            while origin.counts().requests < 120 {
                shared_stack::process::pause(Duration::from_millis(5));
            }
            origin.faults().delay(Duration::from_millis(800));
        });
        let ran = run(
            dir.path(),
            &origin,
            "load: { ramp: { from: 40/s, to: 1600/s, step: 40/s, every: 500ms, until: { p99: 400ms } }, clients: 400 }\n\
             thresholds: { errors: 100%, dropped: 100% }\n\
             journeys: { read: { steps: [{ get: '/nonce/{{nonce}}', expect: { nonce: body } }] } }\n",
        );
        slow.join().unwrap();
        ran
    });
    // On a busy machine the generator may be late, and says so by its exit code.
    assert!(matches!(ran.status.code(), Some(0 | 3)), "{}", ran.shown);
    let ramp = ran.report.ramp.clone().unwrap();
    let why = ramp.ended.unwrap();
    assert!(why.starts_with("p99 is ") && why.ends_with(", above 400 ms"), "{why}");
    let stages = &ran.report.stages;
    assert!(stages.len() < 40, "it went to its last rate");
    assert!(!stages.last().unwrap().sustained, "it ended in the last stage");
    assert_eq!(ramp.held, ran.report.held().map(|stage| stage.rate));
    assert!(ramp.held < stages.last().map(|stage| stage.rate), "{stages:?}");
    assert!(ran.report.load.duration_s < 20.0, "{:?}", ran.report.load);
    let told = ran.shown.lines().find(|line| line.starts_with("ramp ended after "));
    assert!(
        told.is_some_and(|line| line.contains(&why) && line.ends_with(" held")),
        "{}",
        ran.shown
    );
    assert!(ran.page.contains("The ramp ended after") && ran.page.contains(&why));
}

#[test]
fn one_missing_item_shows_in_the_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let origin = Origin::start(Settings::default()).unwrap();
    let scenario = "load: { rate: 50/s, duration: 300ms, clients: 4 }\n\
        journeys: { list: { steps: [{ get: '/json?n=20', expect: { count: { /items: 20 } } }] } }\n";
    let right = run(dir.path(), &origin, scenario);
    assert!(matches!(right.status.code(), Some(0 | 3)), "{}", right.shown);
    origin.faults().wrong(Some(Wrong::Missing));
    let wrong = run(dir.path(), &origin, scenario);
    assert!(matches!(wrong.status.code(), Some(1 | 3)), "{}", wrong.shown);
    assert_eq!(wrong.report.totals.failed, wrong.report.totals.due);
    assert!(!wrong.report.header.verdict.passed);
    assert!(
        wrong.shown.contains("count in list: /items has 19 items, not 20"),
        "{}",
        wrong.shown
    );
}
