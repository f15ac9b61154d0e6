//! Select: whose turn it is, and the affinity cookie.

use crate::Workload;
use edge_policy::{
    balance::{Affinity, RoundRobin, engine_io},
    retry::{Cause, Failure, Terms},
};
use http::Method;
use std::hint::black_box;

const TARGETS: [&str; 3] = ["10.0.0.1:3005", "10.0.0.2:3005", "10.0.0.3:3005"];

pub(super) fn workloads() -> Vec<Workload> {
    let (turns, some_sick) = (RoundRobin::new(&[1, 2, 3]), RoundRobin::new(&[1, 2, 3]));
    let (signing, reading) = (affinity(), affinity());
    let value = reading.value(TARGETS[2]);
    assert_eq!(reading.find(&value, TARGETS), Some(2));
    let failure = Failure {
        method: &Method::GET,
        cause: Cause::Reset,
        replayable: true,
        tries: 1,
    };
    let terms = Terms {
        attempts: 2,
        on_connect: true,
        on_reset: true,
        on_timeout: true,
        on_status: [502, 503].into_iter().collect(),
        methods: vec![Method::GET, Method::HEAD],
    };
    vec![
        Workload::new("balance::pick::all well", move || {
            turns.pick(|target| black_box(target) < 3)
        }),
        Workload::new("balance::pick::one sick", move || {
            some_sick.pick(|target| black_box(target) != 1)
        }),
        Workload::new("affinity::sign", move || signing.value(black_box(TARGETS[1]))),
        Workload::new("affinity::verify::third of three", move || {
            reading.find(black_box(&value), TARGETS)
        }),
        Workload::new("engine_io::session of a query", || {
            let query = "EIO=4&transport=polling&t=PkYx3aR&sid=lv_VI97HAXpY6yYWAAAC";
            engine_io::session_of_query(black_box(query)).is_some()
        }),
        Workload::new("retry::decision", move || terms.allow(black_box(&failure), 2)),
    ]
}

fn affinity() -> Affinity {
    Affinity::new(b"00112233445566778899aabbccddeeff", "notifications")
}
