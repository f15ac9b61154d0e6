//! The command as a person meets it, where no store or program is needed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

fn dev(state: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dev"));
    command.arg("--state").arg(state).args(args).env_remove("REDIS_URL");
    command.output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_is_no_error_and_needs_no_platform() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("run");
    for args in [&[][..], &["--help"], &["up", "--help"], &["help", "kill"]] {
        let output = dev(&state, args);
        assert!(output.status.success() && out(&output).contains("sage: "), "{args:?}");
    }
    assert!(!state.exists(), "help made a platform");
}

#[test]
fn a_mistake_is_named_and_exits_with_two() {
    let dir = tempfile::tempdir().unwrap();
    for (args, expected) in [
        (&["stauts"][..], "did you mean `status`?"),
        (&["up", "--detatch"], "did you mean `--detach`?"),
        (&["kill", "notification"], "did you mean `notifications`?"),
        (&["up", "--scale", "posts=many"], "from 1 to 10"),
    ] {
        let output = dev(dir.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(err(&output).contains(expected), "{}", err(&output));
    }
}

#[test]
fn before_the_first_up_every_command_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("run");
    for args in [
        &["env"][..],
        &["kill", "posts"],
        &["start", "redis"],
        &["smoke"],
        &["logs", "posts"],
    ] {
        let output = dev(&state, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let cure = format!("cure: cargo dev --state {} up", state.display());
        assert!(err(&output).contains(&cure), "{args:?}: {}", err(&output));
    }
    let status = dev(&state, &["status", "--json"]);
    assert_eq!(status.status.code(), Some(1));
    let value: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(value["up"], false);
    assert_eq!(value["stores"][0]["state"], "stopped");
    let down = dev(&state, &["down"]);
    assert!(down.status.success() && out(&down).contains("Everything is stopped."));
}

#[test]
fn reset_deletes_only_what_is_ours_and_only_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("run");
    dev(&state, &["status"]);
    let asked = dev(&state, &["reset"]);
    assert!(!asked.status.success() && err(&asked).contains("reset --yes"));
    assert!(state.exists());
    assert!(dev(&state, &["reset", "--yes"]).status.success());
    assert!(!state.exists());

    let foreign = dir.path().join("thesis");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("chapter1"), "").unwrap();
    let refused = dev(&foreign, &["reset", "--yes"]);
    assert!(
        !refused.status.success() && err(&refused).contains("holds something else"),
        "{}",
        err(&refused)
    );
    assert_eq!(
        fs::read_dir(&foreign).unwrap().count(),
        1,
        "something was made or deleted"
    );
}

#[test]
fn a_busy_port_stops_up_before_anything_is_begun() {
    let dir = tempfile::tempdir().unwrap();
    // Whatever has the edge's port, this test or another platform: it is busy.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut up = Command::new(env!("CARGO_BIN_EXE_dev"));
    up.arg("--state")
        .arg(dir.path())
        .args(["up", "--detach"])
        .env("EDGE_BIND", address.to_string());
    let output = up.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = err(&output);
    assert!(
        said.contains("edge.1") && said.contains(&format!("pid {}", std::process::id())),
        "{said}"
    );
    assert!(!dir.path().join("redis/data").exists(), "a store was started");
}

#[test]
fn secrets_are_lines_for_an_env_file() {
    let dir = tempfile::tempdir().unwrap();
    let text = out(&dev(dir.path(), &["secrets"]));
    for name in [
        "SERVICE_TOKEN_EDGE=edge.",
        "SERVICE_TOKEN_DIGESTS=edge:",
        "AUTH_KEY_SECRET=",
        "POSTGRES_PASSWORD=",
    ] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name}");
    }
    assert_ne!(text, out(&dev(dir.path(), &["secrets"])));
}
