//! Laws of schedules.

use super::*;
use proptest::prelude::*;
use std::sync::Arc;

fn arrivals(profile: &Arc<Profile>, spacing: Spacing, thread: u32, threads: u32) -> Vec<Arrival> {
    Arrivals::new(Arc::clone(profile), spacing, thread, threads).collect()
}

/// All threads' arrivals in their order.
fn merged(profile: &Arc<Profile>, spacing: Spacing, threads: u32) -> Vec<Arrival> {
    let mut all: Vec<_> = (0..threads)
        .flat_map(|thread| arrivals(profile, spacing, thread, threads))
        .collect();
    all.sort_by_key(|arrival| arrival.at);
    all
}

fn profile(stages: &[Stage], warmup: Duration) -> Arc<Profile> {
    let pace = Pace::Open {
        stages: stages.to_vec(),
        spacing: Spacing::Constant,
    };
    Arc::new(Profile::new(&pace, warmup))
}

fn stages() -> impl Strategy<Value = Vec<Stage>> {
    let rate = || prop_oneof![1 => Just(0.0), 4 => 0.5..3_000.0];
    let stage = (rate(), rate(), any::<bool>(), 1..4_000u64).prop_map(|(from, to, flat, millis)| Stage {
        from,
        to: if flat { from } else { to },
        duration: Duration::from_millis(millis),
    });
    prop::collection::vec(stage, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_even_schedule_has_as_many_arrivals_as_the_integral(stages in stages(), warmup in 0..1_000u64) {
        let profile = profile(&stages, Duration::from_millis(warmup));
        let count = arrivals(&profile, Spacing::Constant, 0, 1).len() as f64;
        prop_assert!((count - profile.total()).abs() <= 1.0, "{count} of {}", profile.total());
    }

    #[test]
    fn arrival_k_is_where_the_integral_reaches_k(stages in stages()) {
        let profile = profile(&stages, Duration::ZERO);
        let all = arrivals(&profile, Spacing::Constant, 0, 1);
        for (number, arrival) in all.iter().enumerate() {
            let integral = profile.integral(arrival.at.as_secs_f64());
            // The integral moves by some 3,000 a second, and times are whole nanoseconds.
            prop_assert!((integral - number as f64).abs() < 1e-3, "{number}: {integral}");
        }
        prop_assert!(all.is_sorted_by_key(|arrival| arrival.at));
    }

    #[test]
    fn threads_share_an_even_schedule_exactly(stages in stages(), threads in 1..9u32) {
        let profile = profile(&stages, Duration::from_millis(250));
        prop_assert_eq!(merged(&profile, Spacing::Constant, threads), arrivals(&profile, Spacing::Constant, 0, 1));
        let shares: Vec<_> = (0..threads).map(|thread| arrivals(&profile, Spacing::Constant, thread, threads).len()).collect();
        let (least, most) = (shares.iter().min(), shares.iter().max());
        prop_assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1), "{:?}", shares);
    }

    #[test]
    fn a_constant_rate_is_evenly_spaced(rate in 0.5..100_000.0) {
        let profile = profile(&[Stage { from: rate, to: rate, duration: Duration::from_secs(2) }], Duration::ZERO);
        let all: Vec<_> = Arrivals::new(profile, Spacing::Constant, 0, 1).take(1_000).collect();
        for (number, arrival) in all.iter().enumerate() {
            let exact = number as f64 / rate;
            prop_assert!((arrival.at.as_secs_f64() - exact).abs() < 2e-9, "{number}: {arrival:?}, not {exact}");
        }
    }

    /// Six standard deviations: a right process fails this once in a thousand million cases.
    #[test]
    fn a_poisson_process_has_its_mean_and_variance(stages in stages(), seed: u64, threads in 1..5u32) {
        let profile = profile(&stages, Duration::ZERO);
        let all = merged(&profile, Spacing::Poisson { seed }, threads);
        let mean = profile.total();
        let off = (all.len() as f64 - mean).abs();
        prop_assert!(off <= 6.0 * mean.sqrt() + 6.0, "{} instead of {mean}", all.len());
        prop_assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
        prop_assert_eq!(&all, &merged(&profile, Spacing::Poisson { seed }, threads), "the seed decides");
    }

    #[test]
    fn parts_cover_the_measured_time_and_hold_their_arrivals(stages in stages(), warmup in 0..1_000u64) {
        let warmup = Duration::from_millis(warmup);
        let profile = profile(&stages, warmup);
        let parts = profile.parts();
        let mut end = 0.0;
        for part in parts {
            prop_assert!((part.start - end).abs() < 1e-9, "{parts:?}");
            end = part.start + part.duration;
        }
        let duration: Duration = stages.iter().map(|stage| stage.duration).sum();
        prop_assert!((end - duration.as_secs_f64()).abs() < 1e-9);
        for arrival in arrivals(&profile, Spacing::Constant, 0, 1) {
            let measured = arrival.at.as_secs_f64() - warmup.as_secs_f64();
            match arrival.part {
                None => prop_assert!(measured < 1e-9),
                Some(number) => {
                    let part = parts[usize::from(number)];
                    let inside = part.start - 1e-6..=part.start + part.duration + 1e-6;
                    prop_assert!(inside.contains(&measured), "{measured} in {part:?}");
                }
            }
        }
    }
}

#[test]
fn poisson_gaps_are_exponential() {
    let rate = 1_000.0;
    let profile = profile(
        &[Stage {
            from: rate,
            to: rate,
            duration: Duration::from_secs(50),
        }],
        Duration::ZERO,
    );
    let all = arrivals(&profile, Spacing::Poisson { seed: 7 }, 0, 1);
    let gaps: Vec<f64> = all
        .windows(2)
        .map(|pair| (pair[1].at - pair[0].at).as_secs_f64() * rate)
        .collect();
    // An exponential law exceeds its mean in 36.8 % of cases, and twice its mean in 13.5 %.
    let beyond = |bound: f64| gaps.iter().filter(|gap| **gap > bound).count() as f64 / gaps.len() as f64;
    assert!((beyond(1.0) - 0.368).abs() < 0.01, "{}", beyond(1.0));
    assert!((beyond(2.0) - 0.135).abs() < 0.01, "{}", beyond(2.0));
}

#[test]
fn a_ramp_from_nothing_begins_slowly() {
    let ramp = Stage {
        from: 0.0,
        to: 100.0,
        duration: Duration::from_secs(2),
    };
    let all = arrivals(&profile(&[ramp], Duration::ZERO), Spacing::Constant, 0, 1);
    assert_eq!(all.len(), 100);
    let first_half = all.iter().filter(|arrival| arrival.at < Duration::from_secs(1)).count();
    assert_eq!(first_half, 25, "a quarter of the area under a triangle");
}

#[test]
fn a_warm_up_goes_at_the_first_rate() {
    let stages = [Stage {
        from: 10.0,
        to: 50.0,
        duration: Duration::from_secs(1),
    }];
    let all = arrivals(&profile(&stages, Duration::from_secs(2)), Spacing::Constant, 0, 1);
    assert_eq!(all.iter().filter(|arrival| arrival.part.is_none()).count(), 20);
    assert_eq!(all.len(), 50);
}

#[test]
fn a_run_that_was_cut_short_has_the_parts_that_it_came_to() {
    let stage = |from, to| Stage {
        from,
        to,
        duration: Duration::from_secs(1),
    };
    let profile = profile(&[stage(10.0, 10.0), stage(10.0, 30.0), stage(5.0, 5.0)], Duration::ZERO);
    let cut = Part::until(profile.parts(), 1.5);
    assert_eq!(cut.len(), 2);
    assert_eq!((cut[1].duration, cut[1].from, cut[1].to), (0.5, 10.0, 20.0));
    assert!(Part::until(profile.parts(), 0.0).is_empty());
}
