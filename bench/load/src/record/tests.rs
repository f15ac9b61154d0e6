//! Laws of records.

use super::*;
use crate::{Failure, StepId, schedule::Part};
use proptest::prelude::*;
use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

const STEP: Place = Place::Step(StepId(0));

const fn micros(count: u64) -> Duration {
    Duration::from_micros(count)
}

/// One step as a thread would have recorded it.
fn record(tally: &mut Tally, place: Place, time: Duration, well: bool) {
    let step = tally.step(place);
    step.corrected.record(time);
    step.uncorrected.record(time / 2);
    if well {
        step.completed += 1;
    } else {
        step.failed += 1;
        tally.error(place, &Failure::new("status", format!("after {time:?}")), time);
    }
    tally.parts[0].corrected.record(time);
    tally.lag.record(time / 10);
}

fn told(tally: &mut Tally) -> String {
    let part = Part {
        start: 0.0,
        duration: 1.0,
        from: 1.0,
        to: 1.0,
    };
    let names = ["a".to_owned(), "b".to_owned()];
    let summary = summarise(tally, &names, &[part, part]);
    let Summary {
        totals,
        overall,
        steps,
        stages,
        errors,
        lag,
        notes,
    } = summary;
    format!("{totals:?} {overall:?} {steps:?} {stages:?} {errors:?} {lag:?} {notes:?}")
}

proptest! {
    // Histograms are large, and unoptimised code is slow.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn merged_records_equal_a_single_one(
        samples in prop::collection::vec((0..4usize, 0..2u16, 0..700_000_000u64, any::<bool>()), 0..300)
    ) {
        let mut single = Tally::new(2, 2);
        let mut threads: Vec<_> = (0..4).map(|_| Tally::new(2, 2)).collect();
        for (thread, step, time, well) in samples {
            let place = Place::Step(StepId(step));
            record(&mut single, place, micros(time), well);
            record(&mut threads[thread], place, micros(time), well);
        }
        // Of errors of one kind the first is kept, whichever thread had it; here the time is when.
        for ((_, place), error) in &mut single.errors {
            let of_threads = threads.iter().filter_map(|tally| tally.errors.get(&("status", *place)));
            let first = of_threads.min_by_key(|error| error.first).expect("someone had it");
            error.first = first.first;
            error.example.clone_from(&first.example);
        }
        let mut merged = Tally::new(2, 2);
        threads.into_iter().for_each(|tally| merged.merge(tally));
        prop_assert_eq!(told(&mut merged), told(&mut single));
    }

    #[test]
    fn times_are_told_to_three_figures(mut samples in prop::collection::vec(1..600_000_000u64, 1..200)) {
        let mut times = Times::<u64>::new(3);
        samples.iter().for_each(|sample| times.record(micros(*sample)));
        samples.sort_unstable();
        let latency = times.latency();
        let exact = |quantile: f64| samples[((samples.len() as f64 * quantile).ceil() as usize).max(1) - 1] as f64;
        for (told, exact) in [
            (latency.min_us, samples[0] as f64),
            (latency.p50_us, exact(0.50)),
            (latency.p99_us, exact(0.99)),
            (latency.max_us, exact(1.0)),
        ] {
            prop_assert!((told - exact).abs() <= exact * 1e-3 + 0.1, "{told} instead of {exact}");
        }
        prop_assert!(latency.curve.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{:?}", latency.curve);
        prop_assert_eq!(latency.curve.last().copied(), Some((100.0, latency.max_us)));
    }

    #[test]
    fn every_instant_lies_in_the_interval_of_its_index(before in 0..100_000u64, after in 0..1_000_000u64) {
        let measured = Instant::now() + Duration::from_secs(1_000);
        for now in [measured - micros(before), measured + micros(after)] {
            let index = Interval::index_at(now, measured);
            prop_assert!(now < Interval::end_of(index, measured));
            prop_assert!(now >= Interval::end_of(index - 1, measured));
        }
    }
}

#[test]
fn a_full_curve_has_about_a_hundred_points() {
    let mut times = Times::<u64>::new(3);
    (0..200_000).for_each(|sample| times.record(micros(sample)));
    let points = times.latency().curve.len();
    assert!((90..=110).contains(&points), "{points}");
}

#[test]
fn nothing_measured_is_told_as_nothing() {
    let latency = Times::<u64>::new(3).latency();
    assert_eq!((latency.count, latency.max_us, latency.curve.len()), (0, 0.0, 0));
}

#[test]
fn what_is_too_long_is_told_as_the_longest_and_said() {
    let mut tally = Tally::new(1, 1);
    record(&mut tally, STEP, Duration::from_secs(3_600), true);
    let summary = summarise(&mut tally, &["a".to_owned()], &[]);
    let told = summary.steps[0].corrected.max_us / 1e6;
    assert!((told - 600.0).abs() < 1.0, "{told}");
    assert_eq!(summary.notes, ["1 times were longer than 600 s and are told as that"]);
}

#[test]
fn a_step_that_was_never_named_loses_nothing() {
    let mut tally = Tally::new(1, 1);
    record(&mut tally, Place::Step(StepId(2)), micros(5), true);
    let mut merged = Tally::new(1, 1);
    merged.merge(tally);
    let summary = summarise(&mut merged, &["a".to_owned()], &[]);
    let names: Vec<_> = summary
        .steps
        .iter()
        .map(|step| (step.name.as_str(), step.completed))
        .collect();
    assert_eq!(names, [("a", 0), ("step 1", 0), ("step 2", 1)]);
}

#[test]
fn examples_are_shortened_between_characters() {
    let mut tally = Tally::new(1, 1);
    tally.error(STEP, &Failure::new("body", "ä".repeat(1_000)), micros(1));
    tally.error(STEP, &Failure::new("body", "another"), micros(2));
    let summary = summarise(&mut tally, &["a".to_owned()], &[]);
    assert_eq!((summary.errors.len(), summary.errors[0].count), (1, 2));
    assert_eq!(summary.errors[0].example.chars().count(), 301);
}

/// A thread's record whose time the test decides, and what it sends off.
fn thread_record(warmup: Duration) -> (ThreadRecord, Clock, Rc<RefCell<Timeline>>) {
    let start = Instant::now();
    let measured = start + warmup;
    let clock = Clock {
        start,
        measured,
        end: measured + Duration::from_secs(3),
    };
    let timeline = Rc::new(RefCell::new(Timeline::default()));
    let shipped = Rc::clone(&timeline);
    let ship = Box::new(move |interval| shipped.borrow_mut().add(interval));
    (ThreadRecord::new(clock, 1, vec![clock.end], ship), clock, timeline)
}

fn job(due: Instant, measured: bool) -> Job {
    Job {
        due,
        part: measured.then_some(0),
    }
}

#[test]
fn the_timeline_tells_each_second_and_adds_up() {
    let (record, clock, timeline) = thread_record(Duration::from_secs(1));
    let iterate = |due: Duration, time: Duration, well: bool| {
        let due = clock.start + due;
        let job = job(due, due >= clock.measured);
        record.looked_at(job, due, false);
        let result = if well {
            Ok(1)
        } else {
            Err(Failure::new("status", "500"))
        };
        record.step(job, STEP, due + time, (due, Some(due)), &result);
        record.ended(job, due + time, well);
    };
    iterate(Duration::from_millis(500), micros(300), true);
    for count in 0..10 {
        iterate(Duration::from_millis(1_000 + count * 50), micros(1_000), true);
    }
    // Nothing in the second after; then one that was due in it.
    iterate(Duration::from_millis(2_500), Duration::from_secs(1), false);
    let tally = record.finish(clock.start + Duration::from_millis(3_900));
    drop(record);
    let seconds = timeline.take().finish();
    let told: Vec<_> = seconds
        .iter()
        .map(|second| (second.at_s, second.due, second.completed, second.failed))
        .collect();
    assert_eq!(told, [(0.0, 10, 10, 0), (1.0, 1, 0, 0), (2.0, 0, 0, 1)]);
    assert_eq!(
        (seconds[0].in_flight, seconds[1].in_flight, seconds[2].in_flight),
        (0, 1, 0)
    );
    assert!((seconds[0].p50_us - 1_000.0).abs() < 20.0, "{seconds:?}");
    assert!((seconds[2].p99_us - 1_000_000.0).abs() < 10_000.0, "{seconds:?}");
    assert_eq!(
        (tally.due, tally.completed, tally.failed, tally.requests, tally.bytes),
        (11, 10, 1, 11, 10)
    );
}

#[test]
fn the_warm_up_is_shown_and_not_kept() {
    let (record, clock, timeline) = thread_record(Duration::from_secs(1));
    let warm = job(clock.start, false);
    record.looked_at(warm, clock.start, false);
    record.step(
        warm,
        STEP,
        clock.start + micros(80),
        (clock.start, Some(clock.start)),
        &Ok(1),
    );
    record.ended(warm, clock.start + micros(80), true);
    // One that ends in the measured time is neither its warm-up's nor its own.
    record.looked_at(warm, clock.start, false);
    record.step(warm, STEP, clock.measured, (clock.start, Some(clock.start)), &Ok(1));
    record.ended(warm, clock.measured, true);
    let mut tally = record.finish(clock.end);
    drop(record);
    let timeline = timeline.take();
    assert_eq!(timeline.snapshot(false).completed, 1);
    assert_eq!(timeline.snapshot(true).completed, 0);
    assert_eq!((tally.due, tally.completed, tally.requests), (0, 0, 0));
    assert_eq!(tally.step(STEP).corrected.count(), 0);
    // But it is work that the target did in this time.
    assert_eq!(tally.parts[0].ended_well, 1);
}

#[test]
fn a_dropped_iteration_is_due_and_not_in_flight() {
    let (record, clock, _) = thread_record(Duration::ZERO);
    record.looked_at(job(clock.start, true), clock.start + micros(5), true);
    assert_eq!(record.in_flight(), 0);
    let tally = record.finish(clock.end);
    assert_eq!(
        (tally.due, tally.dropped, tally.failed, tally.parts[0].dropped),
        (1, 1, 0, 1)
    );
    assert_eq!(tally.lag.count(), 1);
}

#[test]
fn a_thread_that_was_stuck_still_adds_its_counts() {
    let mut timeline = Timeline::default();
    let interval = |index, completed| Interval {
        completed,
        ..Interval::new(index)
    };
    for index in 0..4 * 60 {
        timeline.add(interval(index, 1));
    }
    timeline.add(interval(2, 7));
    let seconds = timeline.finish();
    assert_eq!(seconds.len(), 60);
    assert_eq!((seconds[0].completed, seconds[1].completed), (11, 4));
}

#[test]
fn a_stage_is_sustained_if_its_backlog_does_not_grow() {
    let sustained = |due, ended, dropped, failed, (from, to)| {
        let mut tally = Tally::new(1, 2);
        let part = &mut tally.parts[1];
        (part.due, part.ended, part.ended_well, part.dropped, part.failed) = (due, ended, ended, dropped, failed);
        let part = Part {
            start: 0.0,
            duration: 10.0,
            from,
            to,
        };
        let names = ["a".to_owned()];
        summarise(&mut tally, &names, &[part, part]).stages[1].sustained
    };
    let even = (100.0, 100.0);
    assert!(sustained(1_000, 1_000, 0, 0, even));
    assert!(sustained(1_000, 970, 0, 10, even), "a little is always under way");
    assert!(!sustained(1_000, 950, 0, 0, even), "it falls behind");
    assert!(!sustained(1_000, 999, 1, 0, even), "dropped");
    assert!(!sustained(1_000, 1_000, 0, 11, even), "too many failures");
    assert!(
        sustained(1_000, 950, 0, 0, (0.0, 200.0)),
        "at a rising rate, slow answers are no backlog"
    );
}
