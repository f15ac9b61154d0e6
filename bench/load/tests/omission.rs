//! Coordinated omission: a stall must be felt by everyone who would have come while it lasted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use bench_load::{
    run::{Plan, run},
    schedule::Pace,
};
use common::{Get, Trigger, origin};
use std::{sync::Arc, time::Duration};

/// 1,000 requests are due while the target stands still for a second, a fifth of all. Ten of them, one for each client, are
/// under way; the others wait for a client, and uncorrected times know nothing of that.
#[test]
fn a_frozen_second_shows_in_corrected_times_alone() {
    let origin = Arc::new(origin());
    let freezing = Arc::clone(&origin);
    let workload = Get::new(&origin, "/").trigger(Trigger::new(2_000, move || {
        freezing.faults().freeze(Duration::from_secs(1));
    }));
    let plan = Plan {
        warmup: Duration::from_millis(500),
        ..Plan::new(Pace::constant(1_000.0, Duration::from_secs(5)), 10)
    };
    let measured = run(&Arc::new(workload), plan, &mut ()).expect("the run begins");

    assert_eq!(measured.totals.due, 5_000);
    assert_eq!(measured.totals.completed, 5_000, "{:?}", measured.errors);
    let step = &measured.steps[0];
    let (corrected, uncorrected) = (&step.corrected, &step.uncorrected);
    assert_eq!((corrected.count, uncorrected.count), (5_000, 5_000));
    // Of the thousand that were due meanwhile, 50 are the slowest hundredth of all: these were due in the first 50 ms.
    assert!(corrected.p99_us > 800_000.0, "{corrected:?}");
    // A few milliseconds on an idle machine; the bound leaves room for a busy one.
    assert!(uncorrected.p99_us < 250_000.0, "{uncorrected:?}");
    // Those under way saw it all the same: nothing is hidden from the maximum.
    assert!(uncorrected.max_us > 800_000.0, "{uncorrected:?}");
    let worst = measured.timeline.iter().map(|second| second.p99_us).fold(0.0, f64::max);
    assert!(worst > 800_000.0, "the timeline shows it too: {worst}");
}
