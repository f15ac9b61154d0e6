use super::*;
use proptest::prelude::*;

const TERMS: Terms = Terms {
    in_a_row: 3,
    ratio: 0.5,
    window: Duration::from_secs(10),
    min_requests: 10,
};
const FIRST: Duration = Duration::from_secs(30);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ends(outlier: &Outlier, now: Duration) -> Duration {
    outlier.eject(Why::InARow, FIRST, 0.0, now).unwrap().until
}

#[test]
fn a_row_of_failures_is_broken_by_a_success() {
    let outlier = Outlier::default();
    for failed in [true, true, false, true, true] {
        assert_eq!(outlier.observe(failed, &TERMS, s(1)), None);
    }
    assert_eq!(outlier.observe(true, &TERMS, s(1)), Some(Why::InARow));
}

#[test]
fn a_share_of_failures_counts_from_enough_requests_on() {
    let outlier = Outlier::default();
    for request in 0..9 {
        assert_eq!(outlier.observe(request % 2 == 0, &TERMS, s(1)), None, "{request}");
    }
    assert_eq!(outlier.observe(false, &TERMS, s(1)), None);
    assert_eq!(outlier.observe(true, &TERMS, s(1)), Some(Why::Ratio));
    assert_eq!(
        outlier.observe(true, &TERMS, s(30)),
        None,
        "what is long over counts no more"
    );
}

#[test]
fn ejections_grow_and_are_forgotten_in_good_times() {
    let outlier = Outlier::default();
    assert_eq!(outlier.ejection(|| s(0)), None);
    assert_eq!(ends(&outlier, s(0)), s(30));
    assert_eq!(outlier.eject(Why::Ratio, FIRST, 0.0, s(10)), None, "it is out already");
    assert_eq!(outlier.ejection(|| s(29)).map(|one| one.why), Some(Why::InARow));
    assert_eq!(outlier.ejection(|| s(30)), None);
    assert_eq!(ends(&outlier, s(31)), s(31 + 60));
    assert_eq!(ends(&outlier, s(92)), s(92 + 120));
    assert_eq!(ends(&outlier, s(213)), s(213 + 240));
    assert_eq!(ends(&outlier, s(454)), s(454 + 300), "ten times as long is the most");
    assert_eq!(ends(&outlier, s(5_000)), s(5_030), "all is forgotten");
}

#[test]
fn the_unreachable_are_asked_again_after_the_same_time() {
    let outlier = Outlier::default();
    for at in [0, 30, 60] {
        let ejection = outlier.eject(Why::Unreachable, FIRST, 0.0, s(at)).unwrap();
        assert_eq!((ejection.why, ejection.until), (Why::Unreachable, s(at + 30)));
    }
}

#[test]
fn a_probe_that_found_it_sick_and_then_well_ends_it() {
    let outlier = Outlier::default();
    assert!(!outlier.readmit(true, s(0)));
    ends(&outlier, s(0));
    assert!(outlier.readmit(true, s(5)));
    assert_eq!(outlier.ejection(|| s(5)), None);
    assert_eq!(ends(&outlier, s(6)), s(66), "it is remembered all the same");
}

#[test]
fn probes_that_went_well_all_along_do_not_bring_back_what_fails_its_requests() {
    let outlier = Outlier::default();
    for (at, why) in [(0, Why::InARow), (100, Why::Ratio)] {
        outlier.eject(why, FIRST, 0.0, s(at)).unwrap();
        assert!(!outlier.readmit(false, s(at + 5)));
        assert_eq!(outlier.ejection(|| s(at + 5)).map(|one| one.why), Some(why));
    }
    outlier.eject(Why::Unreachable, FIRST, 0.0, s(500)).unwrap();
    assert!(outlier.readmit(false, s(505)), "a connection is what a probe can see");
}

proptest! {
    /// Law: the last target is never left alone, and one may be wherever there are two.
    #[test]
    fn somebody_stays(count in 0usize..1_000, share in 0f32..=1.0) {
        let most = most_ejected(count, share);
        prop_assert!(count == 0 || most < count);
        prop_assert!(count < 2 || most >= 1);
        prop_assert!(most <= 1 || most as f32 <= count as f32 * share);
    }

    /// Law: an ejection lasts at least the first time and at most ten times that with its jitter.
    #[test]
    fn ejections_are_bounded(steps in prop::collection::vec((0u64..200, 0f32..1.0), 1..50)) {
        let outlier = Outlier::default();
        let mut now = s(0);
        for (step, random) in steps {
            now += s(step);
            if let Some(ejection) = outlier.eject(Why::Ratio, FIRST, random, now) {
                let lasts = ejection.until - now;
                prop_assert!(lasts >= FIRST && lasts <= FIRST.mul_f32(11.001));
                prop_assert!(outlier.ejection(|| now).is_some());
            }
        }
    }
}
