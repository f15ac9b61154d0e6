//! Laws of overload, over services and loads of many kinds; `cargo run -p edge-policy --example simulate -- overload` prints figures.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../examples/simulate/overload/mod.rs"]
mod overload;

use edge_policy::shed::{Bounds, Level};
use overload::{Phase, SCENES, Scene, Seen, Service, Times, courses, run};
use proptest::prelude::*;
use std::time::Duration;

/// Anything from four workers to sixty-four, from 5 ms to 200 ms.
fn service() -> impl Strategy<Value = Service> {
    let times = prop_oneof![Just(Times::Even), Just(Times::Exponential), Just(Times::Skewed)];
    (4usize..=64, 5u64..=200, times).prop_map(|(workers, ms, times)| Service {
        workers,
        mean: Duration::from_millis(ms),
        times,
        by_level: [1.0; 5],
    })
}

fn phase(load: f32, slower: f32) -> Phase {
    Phase {
        name: "",
        lasts: Duration::from_secs(40),
        load,
        slower,
        settles: Duration::from_secs(20),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("CASES").ok().and_then(|c| c.parse().ok()).unwrap_or(16)))]

    #[test]
    fn a_service_is_kept_busy_and_no_busier(service in service(), load in 1.8f32..5.0, slower in 1f32..4.0, seed: u64) {
        let scene = Scene {
            name: "",
            service,
            bounds: Bounds { min: 4, max: 400 },
            phases: vec![phase(load, 1.0), phase(load, slower)].into(),
        };
        for seen in run(&scene, seed).0 {
            let (mean, swing) = seen.swing();
            let s = Level::ALL.map(|l| seen.shed(l));
            eprintln!("DATA {:?} {} {} {load:.1} {slower:.1}: {:.3} {:.2} {:.2} {:?}", service.times, service.workers, service.mean.as_millis(), seen.goodput(), mean / service.workers as f64, swing, s);
        }
    }
}
