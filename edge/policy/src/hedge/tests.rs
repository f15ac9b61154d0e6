//! Laws of hedging.

use super::*;
use proptest::prelude::*;
use std::thread;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn p(text: &str) -> After {
    After::Percentile(text.parse().unwrap())
}

proptest! {
    /// Law: however requests come and whoever wants to hedge, there are never more hedges than the share of all requests, nor in one
    /// second than a tenth of the share of the last 10 s, or ten.
    #[test]
    fn hedges_are_within_the_share(
        steps in prop::collection::vec((0u64..3_000, prop::bool::ANY, 0u32..30), 1..200),
        share in 0.01f32..1.0,
    ) {
        let hedges = Hedges::default();
        let (mut now, mut requests, mut hedged) = (0, 0u64, Vec::new());
        for (step, is_request, wants) in steps {
            now += step;
            let times = if is_request { wants } else { 0 };
            (0..times).for_each(|_| hedges.request(ms(now)));
            requests += u64::from(times);
            hedged.extend((0..wants).filter(|_| hedges.hedge(share, ms(now))).map(|_| now));
            prop_assert!(hedged.len() as f32 <= requests as f32 * share);
            let (recent, told) = hedges.recent(ms(now));
            prop_assert!(told as f32 <= hedged.len() as f32 && recent <= requests);
            let at_once = hedged.iter().filter(|at| **at / 1_000 == now / 1_000).count();
            prop_assert!(at_once as f32 <= (recent as f32 * share * 0.1).max(10.0));
            let of_late = hedged.iter().filter(|at| **at + 9_000 > now).count();
            prop_assert!(of_late as u64 <= told);
        }
    }

    /// Law: nothing is hedged before the floor, and a percentile is told as what it is, to a quarter, and never too early.
    #[test]
    fn the_delay_is_the_percentile(mut waited in prop::collection::vec(1u64..2_000_000, 50..400), thousandths in 500u16..1_000) {
        let hedges = Hedges::default();
        waited.iter().for_each(|us| hedges.waited(Duration::from_micros(*us), ms(5)));
        waited.sort_unstable();
        let text = format!("p{}.{}", thousandths / 10, thousandths % 10);
        let delay = hedges.delay(p(&text), ms(5)).unwrap();
        let rank = (waited.len() as f32 * (f32::from(thousandths) / 1_000.0)).ceil() as usize;
        let exact = Duration::from_micros(waited[rank - 1]).max(FLOOR);
        prop_assert!(delay >= exact.mul_f32(0.999) && delay <= exact.mul_f32(1.26), "{delay:?} of {exact:?}");
        prop_assert!(delay >= FLOOR);
    }

    /// Law: while few answers are known nothing is hedged by a percentile, whatever they say.
    #[test]
    fn few_answers_say_nothing(waited in prop::collection::vec(1u64..2_000_000, 0..50)) {
        let hedges = Hedges::default();
        waited.iter().for_each(|us| hedges.waited(Duration::from_micros(*us), ms(5)));
        prop_assert_eq!(hedges.delay(p("p95"), ms(5)), None);
        prop_assert_eq!(hedges.samples(ms(5)), waited.len() as u64);
    }
}

#[test]
fn a_time_needs_no_answers_and_is_never_less_than_the_floor() {
    let hedges = Hedges::default();
    assert_eq!(hedges.delay(After::Time(ms(30)), ms(0)), Some(ms(30)));
    assert_eq!(hedges.delay(After::Time(Duration::ZERO), ms(0)), Some(FLOOR));
}

#[test]
fn what_was_long_ago_is_forgotten() {
    let hedges = Hedges::default();
    (0..100).for_each(|_| hedges.waited(ms(500), ms(0)));
    (0..100).for_each(|_| hedges.waited(ms(10), ms(20_000)));
    assert!(hedges.delay(p("p95"), ms(20_000)).unwrap() > ms(499));
    // The first hundred are older than half a minute.
    let later = hedges.delay(p("p95"), ms(31_000)).unwrap();
    assert!(later < ms(13), "{later:?}");
    assert_eq!(hedges.delay(p("p95"), ms(60_000)), None, "nothing is known any more");
}

#[test]
fn two_routes_may_ask_for_two_percentiles() {
    let hedges = Hedges::default();
    (0..98).for_each(|_| hedges.waited(ms(10), ms(0)));
    (0..2).for_each(|_| hedges.waited(ms(1_000), ms(0)));
    for _ in 0..2 {
        assert!(hedges.delay(p("p95"), ms(1)).unwrap() < ms(13));
        assert!(hedges.delay(p("p99"), ms(1)).unwrap() >= ms(1_000));
    }
}

#[test]
fn without_requests_there_are_no_hedges() {
    let hedges = Hedges::default();
    assert!(!hedges.hedge(1.0, ms(0)));
    (0..19).for_each(|_| hedges.request(ms(0)));
    assert!(!hedges.hedge(0.05, ms(0)));
    hedges.request(ms(0));
    assert!(hedges.may_hedge(0.05, ms(0)));
    assert!(hedges.hedge(0.05, ms(0)) && !hedges.hedge(0.05, ms(0)));
    assert_eq!(hedges.recent(ms(0)), (20, 1));
}

#[test]
fn many_at_once_overdraw_by_one_each_at_most() {
    const THREADS: usize = 8;
    let hedges = Hedges::default();
    (0..10_000).for_each(|_| hedges.request(ms(0)));
    let all: usize = thread::scope(|scope| {
        let ask = || (0..1_000).filter(|_| hedges.hedge(0.1, ms(0))).count();
        let asking: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert!((100..100 + THREADS).contains(&all), "{all}");
}
