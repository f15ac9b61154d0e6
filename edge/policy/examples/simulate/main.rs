//! `cargo run --release -p edge-policy --example simulate`: what balancing, ejection, breakers, retries and hedging make of faults; with
//! `-- overload` what the limiter and the line make of too many requests. The figures of docs/traffic.md are its.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

mod crowd;
mod overload;
mod scenes;
mod world;

use edge_policy::balance::Method;
use scenes::{SCENES, hedging, setup};

/// Courses of each scene.
const SEEDS: u64 = 5;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("overload") => crowd::print(SEEDS),
        _ => balancing(),
    }
}

fn balancing() {
    println!(
        "{:<16}{:<18}{:>9}{:>9}{:>9}{:>10}{:>9}",
        "scene", "balancer", "p50", "p99", "p99.9", "errors", "tries"
    );
    for scene in SCENES {
        let schedule = scene.schedule();
        let methods = [
            Method::RoundRobin,
            Method::LeastRequests,
            Method::PeakEwma,
            Method::Ring,
        ];
        let plain = methods.map(|method| (method.word().to_owned(), setup(method)));
        let hedged =
            [Method::RoundRobin, Method::PeakEwma].map(|method| (format!("{}, p95", method.word()), hedging(method)));
        for (name, setup) in plain.into_iter().chain(hedged) {
            let mut all = world::Report::default();
            for seed in 0..SEEDS {
                let report = world::run(&schedule, setup, seed);
                all.requests += report.requests;
                all.tries += report.tries;
                all.errors += report.errors;
                all.latencies.extend(report.latencies);
            }
            let ms = |share| all.clone().quantile(share).as_secs_f64() * 1e3;
            println!(
                "{:<16}{:<18}{:>9.1}{:>9.1}{:>9.1}{:>9.3}%{:>9.3}",
                scene.name,
                name,
                ms(0.5),
                ms(0.99),
                ms(0.999),
                all.errors as f64 * 100.0 / all.requests as f64,
                all.tries as f64 / all.requests as f64,
            );
        }
    }
}
