//! What subjects of rate limits take of an edge's memory: a million of them, first with room for all, then with the edge's own bounds.
//! `cargo run --release -p edge-policy --example rate_limit_memory`.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "a report")]

use allocation_counter::measure;
use edge_policy::rate_limit::{
    Algorithm, Decision, Denied, Limit, LocalCounters, OnStoreFailure, Part, Rate,
    lease::{Lessees, Terms},
};
use std::{
    any::Any,
    hint::black_box,
    time::{Duration, Instant},
};

const SUBJECTS: u32 = 1_000_000;
/// What an edge remembers: leased subjects, and strict ones.
const LEASED: usize = 200_000;
const STRICT: usize = 100_000;

fn main() {
    let limit = Limit {
        name: "per_address".into(),
        key: Part::ClientIp.into(),
        when: None,
        cost: 1,
        rate: Rate {
            count: 100,
            per: Duration::from_secs(60),
        },
        burst: 100,
        algorithm: Algorithm::Gcra,
        on_store_failure: OnStoreFailure::Local,
    };
    let (terms, now) = (Terms::new(&limit), Instant::now());
    println!("{SUBJECTS} subjects, a key of {} bytes each", key(SUBJECTS / 2).len());
    report("leased", LEASED, |capacity| {
        let lessees = Lessees::new(capacity);
        each(|key| {
            black_box(lessees.take(key, &terms, 3, now));
        });
        (lessees.len(), Box::new(lessees))
    });
    report("strict, counted alone", STRICT, |capacity| {
        let counters = LocalCounters::new(capacity);
        each(|key| {
            black_box(counters.hit(&limit, key, now));
        });
        (counters.len(), Box::new(counters))
    });
    report("strict, refused", STRICT, |capacity| {
        let (denied, wait) = (Denied::new(capacity), Duration::from_secs(60));
        let refused = Decision {
            allowed: false,
            remaining: 0,
            reset: wait,
            retry_after: wait,
        };
        each(|key| denied.remember(key, 1, &refused, now));
        (denied.len(), Box::new(denied))
    });
}

fn each(mut then: impl FnMut(&str)) {
    (0..SUBJECTS).for_each(|subject| then(&key(subject)));
}

fn key(subject: u32) -> String {
    let [a, b, c, d] = (0x0a00_0000 + subject).to_be_bytes();
    format!("edge:lease:per_address:{a}.{b}.{c}.{d}")
}

/// Fills it twice: with a bound that nothing reaches, and with the edge's own.
fn report(what: &str, bound: usize, fill: impl Fn(usize) -> (usize, Box<dyn Any>)) {
    for capacity in [2 * SUBJECTS as usize, bound] {
        let (mut count, mut kept) = (0, None);
        let used = measure(|| {
            let (remembered, all) = fill(capacity);
            (count, kept) = (remembered, Some(all));
        });
        let (held, most) = (used.bytes_current as f64, used.bytes_max as f64);
        println!(
            "  {what}, bound {capacity}: {count} remembered, {:.1} MiB ({:.0} bytes each), at the most {:.1} MiB",
            held / 1_048_576.0,
            held / count.max(1) as f64,
            most / 1_048_576.0
        );
        drop(kept);
    }
}
