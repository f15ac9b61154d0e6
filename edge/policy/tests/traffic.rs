//! Laws of traffic as a whole, over thousands of courses of faults; `cargo run -p edge-policy --example simulate` prints figures.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../examples/simulate/scenes.rs"]
mod scenes;
#[path = "../examples/simulate/world.rs"]
mod world;

use edge_policy::balance::Method;
use proptest::prelude::*;
use scenes::{SCENES, hedging, setup};
use std::time::Duration;
use world::{Fault, Schedule, Trouble};

const METHODS: [Method; 4] = [
    Method::RoundRobin,
    Method::LeastRequests,
    Method::PeakEwma,
    Method::Ring,
];

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Dead),
        Just(Fault::Stalled),
        (2f32..50.0).prop_map(Fault::Slow),
        (0.1f32..1.0).prop_map(Fault::Failing),
    ]
}

/// Three to six targets; faults come and go until 12 s of 40 s.
fn schedule(sick: usize) -> impl Strategy<Value = Schedule> {
    let trouble = (0..sick, fault(), 0u64..8_000, 100u64..4_000).prop_map(|(target, fault, from, lasts)| Trouble {
        target,
        fault,
        from: Duration::from_millis(from),
        until: Duration::from_millis(from + lasts),
    });
    let troubles = prop::collection::vec(trouble, 0..5);
    (3usize..=6, 30f32..120.0, troubles).prop_map(|(count, rate, troubles)| Schedule {
        targets: vec![(Duration::from_millis(10), 8); count],
        rate,
        lasts: Duration::from_secs(40),
        troubles,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Laws: tries stay below 1.25 times the requests and the floor; no open target is overlooked; and once all is well again the
    /// breaker is closed and every target has its part.
    #[test]
    fn faults_cost_little_and_are_over_when_they_are_over(schedule in schedule(6), method in 0usize..4, seed: u64) {
        let report = world::run(&schedule, setup(METHODS[method]), seed);
        let floor = 3 * schedule.lasts.as_secs();
        prop_assert!(report.tries <= report.requests * 5 / 4 + floor, "{} of {}", report.tries, report.requests);
        prop_assert_eq!(report.lost, 0);
        prop_assert!(report.closed);
        prop_assert!(report.last.iter().all(|tries| *tries > 0), "{:?}", report.last);
    }

    /// Laws: hedges are a share of the requests, whatever goes wrong; nobody is lost for them, and all is well again afterwards.
    #[test]
    fn hedges_are_bounded_and_harmless(schedule in schedule(6), method in 0usize..4, seed: u64) {
        let report = world::run(&schedule, hedging(METHODS[method]), seed);
        prop_assert!(report.hedges * 20 <= report.requests, "{} of {}", report.hedges, report.requests);
        prop_assert_eq!(report.lost, 0);
        prop_assert!(report.closed);
        prop_assert!(report.last.iter().all(|tries| *tries > 0), "{:?}", report.last);
    }

    /// Law: while one target of three or more is sick, few clients notice.
    #[test]
    fn one_sick_target_is_hardly_noticed(schedule in schedule(1), method in 0usize..4, seed: u64) {
        let report = world::run(&schedule, setup(METHODS[method]), seed);
        prop_assert!(report.errors * 100 <= report.requests, "{} errors of {}", report.errors, report.requests);
    }
}

#[test]
fn the_same_seed_gives_the_same_course() {
    let schedule = SCENES[3].schedule();
    let runs = [0; 2].map(|_| world::run(&schedule, setup(Method::PeakEwma), 11));
    assert_eq!(runs[0].latencies, runs[1].latencies);
}

/// The reason for the default: it hardly feels a target that is fifty times slower.
#[test]
fn the_default_balancer_is_the_one_that_feels_slow_targets_least() {
    let scene = SCENES.iter().find(|scene| scene.name == "one 50x slower").unwrap();
    let p99 = |method| world::run(&scene.schedule(), setup(method), 1).quantile(0.99);
    let best = p99(Method::PeakEwma);
    assert!(best < Duration::from_millis(100), "{best:?}");
    assert!(
        [Method::RoundRobin, Method::Ring]
            .iter()
            .all(|method| p99(*method) > best * 2)
    );
}

/// The reason to hedge: even the default balancer's tail is shorter for it.
#[test]
fn hedging_cuts_the_tail_of_a_target_that_stalls() {
    let scene = SCENES.iter().find(|scene| scene.name == "one stalled").unwrap();
    let p999 = |setup| world::run(&scene.schedule(), setup, 1).quantile(0.999);
    let (without, with) = (p999(setup(Method::PeakEwma)), p999(hedging(Method::PeakEwma)));
    assert!(with < without, "{with:?}, without {without:?}");
}
