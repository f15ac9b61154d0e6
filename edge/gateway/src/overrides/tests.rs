#![allow(clippy::unwrap_used)]
use super::*;
use crate::upstream::BreakerState;
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

fn who() -> Who {
    Who {
        token: "0011223344556677".into(),
        agent: "edge-cli/0".into(),
        remote: "127.0.0.1:5".into(),
    }
}

fn target() -> Subject {
    Subject::Target {
        upstream: "auth".into(),
        address: "127.0.0.1:1".parse().unwrap(),
    }
}

fn wish(subject: Subject, order: Order, ttl: u64) -> Wish {
    Wish {
        subject,
        order,
        ttl: Duration::from_secs(ttl),
        reason: Some("rollout".into()),
    }
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_step_is_written_down_and_holds_by_address_until_its_time_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("new/audit.jsonl");
    let (overrides, states) = (Overrides::new(Audit::new(file.clone())), States::default());
    let drain = Order::Target(Placement::Drain);
    overrides
        .set(&states, wish(target(), drain, 60), &who(), "r-1")
        .unwrap();
    // Nobody but the override holds the state.
    let address = target().address().unwrap();
    let placement = || states.upstream("auth").target(address).placement.get();
    assert_eq!(placement(), Placement::Drain);
    let weight = Order::Target(Placement::Weight(3));
    overrides
        .set(&states, wish(target(), weight, 10), &who(), "r-2")
        .unwrap();
    overrides.expire(Instant::now());
    let shown = overrides.list(|_| false);
    assert_eq!(
        (&*shown[0].state, shown[0].weight, shown[0].dangling),
        ("weight", Some(3), true)
    );
    assert!((9..=10).contains(&shown[0].seconds_left), "{shown:?}");
    overrides.expire(Instant::now() + Duration::from_secs(10));
    assert_eq!((overrides.len(), placement()), (0, Placement::Configured));

    let written = lines(&file);
    let of = |key: &str| -> Vec<&Value> { written.iter().map(|line| &line[key]).collect() };
    assert_eq!(of("action"), ["override", "override", "expired"]);
    assert_eq!(of("requestId"), ["r-1", "r-2", ""]);
    assert_eq!(written[1]["before"], serde_json::json!({ "state": "drain" }));
    assert_eq!(
        written[1]["after"],
        serde_json::json!({ "state": "weight", "weight": 3 })
    );
    assert_eq!(
        (&written[0]["ttlSeconds"], &written[0]["reason"]),
        (&60.into(), &"rollout".into())
    );
    assert_eq!(written[0]["who"]["token"], "0011223344556677");
    let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn a_breaker_is_opened_and_reset() {
    let directory = tempfile::tempdir().unwrap();
    let overrides = Overrides::new(Audit::new(directory.path().join("audit.jsonl")));
    let states = States::default();
    let subject = Subject::Breaker {
        upstream: "auth".into(),
    };
    let open = Order::Breaker(BreakerState::Open);
    overrides
        .set(&states, wish(subject.clone(), open, 60), &who(), "r")
        .unwrap();
    let upstream = states.upstream("auth");
    assert_eq!(upstream.breaker.get(), BreakerState::Open);
    assert!(overrides.clear(&subject, &who(), "r").unwrap());
    assert_ne!(upstream.breaker.get(), BreakerState::Open);
    assert!(
        !overrides.clear(&subject, &who(), "r").unwrap(),
        "there is none any more"
    );
}

#[test]
fn what_cannot_be_written_down_is_not_done() {
    let directory = tempfile::tempdir().unwrap();
    // A directory stands where the file should be.
    let overrides = Overrides::new(Audit::new(directory.path().to_owned()));
    let states = States::default();
    let drain = Order::Target(Placement::Drain);
    let error = overrides
        .set(&states, wish(target(), drain, 60), &who(), "r")
        .unwrap_err();
    assert!(
        error.to_string().contains(&directory.path().display().to_string()),
        "{error}"
    );
    let state = states.upstream("auth").target(target().address().unwrap());
    assert_eq!((overrides.len(), state.placement.get()), (0, Placement::Configured));
}
