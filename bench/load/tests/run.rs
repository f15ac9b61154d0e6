//! Laws of a run that need no network. None of them depends on how fast the machine is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bench_load::{
    Failure, Recorder, StepId, Workload,
    run::{Measured, Observer, Phase, Plan, RunError, run},
    schedule::{Pace, Spacing, Stage},
};
use bench_report::terminal::Snapshot;
use std::{
    ops::ControlFlow,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// What an iteration does instead of sending something.
#[derive(Clone, Copy)]
enum Act {
    End,
    Fail,
    Never,
    Wait(Duration),
    Block(Duration),
    Panic,
    /// Ends a first step, thinks, begins a second one and never ends it.
    StickInSecond,
    /// The same, but for the second one's begin.
    Think,
}

struct Synthetic {
    act: Act,
    steps: &'static [&'static str],
    begun: AtomicU64,
    unopened: Option<u32>,
}

impl Synthetic {
    fn new(act: Act) -> Self {
        Self {
            act,
            steps: &["only"],
            begun: AtomicU64::new(0),
            unopened: None,
        }
    }

    fn journey(act: Act) -> Self {
        Self {
            steps: &["first", "second"],
            ..Self::new(act)
        }
    }
}

impl Workload for Synthetic {
    type Client = ();

    fn steps(&self) -> Vec<String> {
        self.steps.iter().map(|name| (*name).to_owned()).collect()
    }

    async fn open(&self, number: u32) -> Result<(), Failure> {
        match self.unopened {
            Some(unopened) if unopened == number => Err(Failure::new("connect", "refused")),
            _ => Ok(()),
        }
    }

    async fn iterate(&self, (): &mut (), due: Instant, recorder: &Rc<dyn Recorder>) -> Result<(), Failure> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        let mut result = Ok(10);
        match self.act {
            Act::End => {}
            Act::Fail => result = Err(Failure::new("status", "500 instead of 200")),
            Act::Never => std::future::pending().await,
            Act::Wait(time) => tokio::time::sleep(time).await,
            #[allow(clippy::disallowed_methods)] // a fault of the generator, on purpose
            Act::Block(time) => std::thread::sleep(time),
            Act::Panic => panic!("a fault of the workload, on purpose"),
            Act::StickInSecond | Act::Think => {
                recorder.begin(StepId(0), due);
                recorder.step(StepId(0), due, sent, &Ok(1));
                if matches!(self.act, Act::StickInSecond) {
                    recorder.begin(StepId(1), Instant::now());
                }
                std::future::pending::<()>().await;
            }
        }
        recorder.step(StepId(0), due, sent, &result);
        result.map(|_| ())
    }
}

fn measure(workload: Synthetic, plan: Plan) -> Measured {
    run(&Arc::new(workload), plan, &mut ()).expect("a run")
}

/// Iterations per second, evenly.
fn rate(rate: f64, duration: Duration, clients: u32) -> Plan {
    Plan::new(Pace::constant(rate, duration), clients)
}

#[test]
fn what_is_over_the_cap_is_dropped_and_counted() {
    for threads in [1, 2] {
        let plan = Plan {
            max_pending: Some(51),
            grace: millis(100),
            threads,
            ..rate(1_000.0, millis(500), 10)
        };
        let measured = measure(Synthetic::new(Act::Never), plan);
        let totals = &measured.totals;
        assert_eq!(
            (totals.due, totals.dropped, totals.failed, totals.completed),
            (500, 449, 51, 0)
        );
        assert_eq!(totals.requests, 10, "only those that a client had taken up were begun");
        // Neither those under way nor those that waited vanish from the distribution.
        let step = &measured.steps[0];
        assert_eq!(
            (step.failed, step.corrected.count, step.uncorrected.count),
            (51, 51, 10)
        );
        assert!(step.corrected.min_us >= 100_000.0, "{:?}", step.corrected);
        let kinds: Vec<_> = measured
            .errors
            .iter()
            .map(|error| (error.kind.as_str(), error.count))
            .collect();
        assert_eq!(kinds, [("dropped", 449), ("unfinished", 51)]);
        let dropped: u64 = measured.timeline.iter().map(|second| second.dropped).sum();
        assert_eq!(dropped, 449);
        assert_eq!(measured.timeline.iter().map(|second| second.failed).sum::<u64>(), 51);
    }
}

#[test]
fn the_default_cap_is_ten_seconds_of_the_rate() {
    assert_eq!(rate(10.0, millis(1), 1).pending_cap(), 1_000);
    assert_eq!(rate(5_000.0, millis(1), 1).pending_cap(), 50_000);
}

#[test]
fn a_generator_that_blocks_is_found_out() {
    let measured = measure(Synthetic::new(Act::Block(millis(20))), rate(100.0, millis(600), 1));
    assert!(
        measured.generator.lag.p99_us >= 10_000.0,
        "{:?}",
        measured.generator.lag
    );
    let reasons = measured.invalid.join("; ");
    assert!(reasons.contains("99th percentile of its lag"), "{reasons}");
}

#[test]
fn a_slow_target_is_not_the_generators_fault() {
    // One client for a target that takes 50 ms: everything waits, and nobody but the target is to blame.
    let plan = Plan {
        grace: millis(100),
        ..rate(200.0, millis(500), 1)
    };
    let measured = measure(Synthetic::new(Act::Wait(millis(50))), plan);
    assert_eq!(measured.totals.due, 100);
    let (corrected, lag) = (&measured.overall.corrected, &measured.generator.lag);
    assert_eq!((corrected.count, lag.count), (100, 100));
    assert!(
        corrected.p50_us > 200_000.0,
        "half of them waited until the end: {corrected:?}"
    );
    assert!(lag.p50_us < corrected.p50_us / 4.0, "{lag:?}");
}

#[test]
fn the_warm_up_is_run_and_not_counted() {
    let workload = Arc::new(Synthetic::new(Act::End));
    let plan = Plan {
        warmup: millis(300),
        threads: 2,
        ..rate(1_000.0, millis(500), 4)
    };
    let measured = run(&workload, plan, &mut ()).unwrap();
    assert_eq!(workload.begun.load(Ordering::Relaxed), 800);
    let totals = &measured.totals;
    assert_eq!(
        (totals.due, totals.completed, totals.requests, totals.bytes_received),
        (500, 500, 500, 5_000)
    );
    assert_eq!(measured.overall.corrected.count, 500);
    assert_eq!(measured.generator.lag.count, 500);
    assert_eq!(measured.timeline.iter().map(|second| second.due).sum::<u64>(), 500);
    assert_eq!(
        measured.timeline.iter().map(|second| second.completed).sum::<u64>(),
        500
    );
    assert_eq!(measured.load.warmup_s, 0.3);
    assert!(measured.stages.is_empty(), "one rate is no ramp");
}

#[test]
fn a_warm_up_iteration_that_ends_late_is_still_not_measured() {
    // All are due in the first tenth of a second, and end when the warm-up is over.
    let stage = |from, to, duration| Stage { from, to, duration };
    let pace = Pace::Open {
        stages: vec![stage(100.0, 100.0, millis(100)), stage(0.0, 0.0, millis(300))],
        spacing: Spacing::Constant,
    };
    let plan = Plan {
        warmup: millis(100),
        ..Plan::new(pace, 20)
    };
    let measured = measure(Synthetic::new(Act::Wait(millis(150))), plan);
    assert_eq!((measured.totals.due, measured.totals.completed), (10, 10));
    assert_eq!(measured.overall.corrected.count, 10);
}

#[test]
fn a_journey_cut_short_counts_against_the_step_under_way() {
    let plan = || Plan {
        grace: millis(50),
        ..rate(100.0, millis(100), 20)
    };
    let measured = measure(Synthetic::journey(Act::StickInSecond), plan());
    let [first, second] = measured.steps.as_slice() else {
        panic!("two steps: {:?}", measured.steps);
    };
    assert_eq!((first.completed, first.failed, first.corrected.count), (10, 0, 10));
    assert_eq!((second.completed, second.failed, second.corrected.count), (0, 10, 10));
    assert_eq!(measured.errors[0].step, "second");
    assert_eq!(measured.totals.failed, 10);

    let measured = measure(Synthetic::journey(Act::Think), plan());
    assert_eq!(measured.steps[1].corrected.count, 0, "thinking is no delay");
    assert_eq!(
        (measured.errors[0].step.as_str(), measured.errors[0].count),
        ("first", 10)
    );
}

#[test]
fn iterations_that_no_client_came_to_are_told_apart_in_a_journey() {
    let plan = Plan {
        grace: millis(50),
        ..rate(100.0, millis(100), 1)
    };
    let measured = measure(Synthetic::journey(Act::StickInSecond), plan);
    let waiting = measured.steps.last().unwrap();
    assert_eq!(
        (waiting.name.as_str(), waiting.failed, waiting.corrected.count),
        ("(never begun)", 9, 9)
    );
    assert_eq!(measured.overall.corrected.count, 11);
}

#[test]
fn a_closed_loop_keeps_each_client_busy_and_has_no_lag() {
    let plan = Plan {
        threads: 2,
        ..Plan::new(Pace::Closed { duration: millis(300) }, 3)
    };
    let measured = measure(Synthetic::new(Act::Wait(millis(5))), plan);
    assert_eq!((measured.load.mode.as_str(), measured.load.rate), ("closed", None));
    let totals = &measured.totals;
    assert_eq!(totals.due, totals.completed);
    assert!((3..=3 * 61).contains(&totals.completed), "{totals:?}");
    assert_eq!(measured.generator.lag.count, 0);
    assert!(measured.timeline.iter().all(|second| second.in_flight <= 3));
}

#[test]
fn a_closed_loop_does_not_hammer_a_target_that_refuses() {
    let measured = measure(
        Synthetic::new(Act::Fail),
        Plan::new(Pace::Closed { duration: millis(200) }, 2),
    );
    let totals = &measured.totals;
    assert_eq!((totals.completed, totals.failed), (0, totals.due));
    assert!((2..=2 * 101).contains(&totals.failed), "{totals:?}");
    let error = &measured.errors[0];
    assert_eq!(
        (error.kind.as_str(), error.step.as_str(), error.count),
        ("status", "only", totals.failed)
    );
    assert_eq!(error.example, "500 instead of 200");
}

#[test]
fn a_ramp_is_told_by_rate() {
    let pace = Pace::Open {
        stages: vec![
            Stage {
                from: 100.0,
                to: 300.0,
                duration: Duration::from_secs(2),
            },
            Stage {
                from: 500.0,
                to: 500.0,
                duration: millis(200),
            },
        ],
        spacing: Spacing::Constant,
    };
    let measured = measure(Synthetic::new(Act::End), Plan::new(pace, 4));
    let rates: Vec<_> = measured.stages.iter().map(|stage| stage.rate).collect();
    assert_eq!(rates, [150.0, 250.0, 500.0]);
    let counts: Vec<_> = measured.stages.iter().map(|stage| stage.corrected.count).collect();
    assert_eq!(counts, [150, 250, 100]);
    assert_eq!(measured.load.rate, Some(500.0));
}

#[test]
fn a_target_that_falls_behind_did_not_sustain_its_rate() {
    let stage = |rate, duration| Stage {
        from: rate,
        to: rate,
        duration,
    };
    let pace = Pace::Open {
        stages: vec![stage(1.0, millis(1_000)), stage(400.0, millis(500))],
        spacing: Spacing::Constant,
    };
    let plan = Plan {
        grace: millis(50),
        ..Plan::new(pace, 1)
    };
    let measured = measure(Synthetic::new(Act::Wait(millis(100))), plan);
    assert!(!measured.stages[1].sustained, "{:?}", measured.stages);
}

#[test]
fn a_client_that_cannot_be_opened_is_an_error() {
    let workload = Synthetic {
        unopened: Some(3),
        ..Synthetic::new(Act::End)
    };
    let plan = Plan {
        threads: 2,
        ..rate(10.0, Duration::from_secs(60), 5)
    };
    let error = run(&Arc::new(workload), plan, &mut ()).unwrap_err();
    assert!(matches!(error, RunError::Open { client: 3, .. }), "{error}");
    assert_eq!(error.to_string(), "client 3 could not be opened: connect: refused");
}

#[test]
fn a_workload_that_panics_is_an_error() {
    let plan = Plan {
        threads: 2,
        ..rate(100.0, millis(100), 2)
    };
    let error = run(&Arc::new(Synthetic::new(Act::Panic)), plan, &mut ()).unwrap_err();
    assert!(matches!(error, RunError::Thread { .. }), "{error}");
}

#[test]
fn plans_that_cannot_be_followed_are_refused() {
    let refused = |plan: Plan| {
        let error = run(&Arc::new(Synthetic::new(Act::End)), plan, &mut ()).unwrap_err();
        assert!(matches!(error, RunError::Plan(_)), "{error}");
    };
    let second = Duration::from_secs(1);
    refused(rate(100.0, second, 0));
    refused(rate(0.0, second, 1));
    refused(rate(f64::NAN, second, 1));
    refused(rate(-5.0, second, 1));
    refused(rate(100.0, Duration::ZERO, 1));
    refused(Plan {
        threads: 2,
        ..rate(100.0, second, 1)
    });
    refused(Plan {
        threads: 0,
        ..rate(100.0, second, 1)
    });
    refused(Plan {
        max_pending: Some(0),
        ..rate(100.0, second, 1)
    });
}

#[derive(Default)]
struct Watcher {
    phases: Vec<Phase>,
    snapshots: Vec<Snapshot>,
    stop_after: Option<usize>,
}

impl Observer for Watcher {
    fn phase(&mut self, phase: Phase) {
        self.phases.push(phase);
    }

    fn progress(&mut self, snapshot: &Snapshot) -> ControlFlow<()> {
        self.snapshots.push(snapshot.clone());
        match self.stop_after {
            Some(count) if self.snapshots.len() >= count => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

#[test]
fn an_observer_hears_each_phase_once_and_sees_progress() {
    let mut watcher = Watcher::default();
    let plan = Plan {
        warmup: millis(300),
        ..rate(200.0, millis(1_500), 2)
    };
    run(&Arc::new(Synthetic::new(Act::End)), plan, &mut watcher).unwrap();
    assert_eq!(
        watcher.phases,
        [Phase::Open, Phase::WarmUp, Phase::Measure, Phase::Drain, Phase::Done]
    );
    let last = watcher
        .snapshots
        .iter()
        .rfind(|snapshot| snapshot.phase == "measure")
        .expect("one in 1.5 s");
    assert_eq!(last.total_s, 1.5);
    assert!(last.due <= 300 && last.completed <= last.due, "{last:?}");
}

#[test]
fn an_observer_can_end_the_schedule() {
    let mut watcher = Watcher {
        stop_after: Some(3),
        ..Watcher::default()
    };
    let plan = Plan {
        threads: 2,
        ..rate(100.0, Duration::from_secs(600), 4)
    };
    let measured = run(&Arc::new(Synthetic::new(Act::End)), plan, &mut watcher).unwrap();
    let totals = &measured.totals;
    assert_eq!(totals.due, totals.completed);
    assert!(measured.load.duration_s < 300.0 && totals.due < 30_000, "{totals:?}");
    assert_eq!(watcher.phases.last(), Some(&Phase::Done));
}

#[test]
fn what_an_observer_ends_is_drained() {
    let mut watcher = Watcher {
        stop_after: Some(3),
        ..Watcher::default()
    };
    let plan = rate(4.0, Duration::from_secs(600), 4);
    run(&Arc::new(Synthetic::new(Act::Wait(millis(1_500)))), plan, &mut watcher).unwrap();
    let drained = watcher.snapshots.iter().find(|snapshot| snapshot.phase == "drain");
    let drained = drained.expect("one while the last iterations end");
    assert_eq!(drained.total_s, 30.0, "the grace");
}
