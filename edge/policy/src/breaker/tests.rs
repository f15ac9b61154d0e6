use super::*;
use proptest::prelude::*;

const TERMS: Terms = Terms {
    window: Duration::from_secs(10),
    min_requests: 10,
    error_ratio: 0.5,
    slow: Some((Duration::from_secs(1), 0.8)),
    open_for: Duration::from_secs(5),
    half_open_requests: 3,
    recovery: Duration::from_secs(4),
    max_requests: Some(100),
};
const QUICK: Outcome = Outcome::Answered(Duration::from_millis(5));
const SLOWLY: Outcome = Outcome::Answered(Duration::from_secs(2));

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn admit(breaker: &Breaker, now: u64) -> Result<Permit, Refusal> {
    breaker.admit(&TERMS, 0, || 0.5, ms(now))
}

fn request(breaker: &Breaker, outcome: Outcome, now: u64) -> Option<State> {
    let permit = admit(breaker, now).unwrap();
    breaker.done(permit, outcome, &TERMS, ms(now))
}

/// Open since 0 ms.
fn opened() -> Breaker {
    let breaker = Breaker::default();
    (0..5).for_each(|_| assert_eq!(request(&breaker, QUICK, 0), None));
    (0..4).for_each(|_| assert_eq!(request(&breaker, Outcome::Failed, 0), None));
    assert_eq!(request(&breaker, Outcome::Failed, 0), Some(State::Open));
    breaker
}

#[test]
fn it_opens_probes_and_recovers() {
    let breaker = opened();
    assert_eq!(admit(&breaker, 1_000), Err(Refusal::Open(ms(4_000))));
    assert_eq!(breaker.peek(&TERMS, 0, ms(1_000)), Err(Refusal::Open(ms(4_000))));
    let probes: Vec<Permit> = (0..3).map(|_| admit(&breaker, 5_000).unwrap()).collect();
    assert_eq!(
        admit(&breaker, 5_000),
        Err(Refusal::Open(SOON)),
        "three at a time find out"
    );
    assert_eq!(breaker.state(ms(5_000)), State::HalfOpen);
    let told: Vec<_> = probes
        .iter()
        .map(|probe| breaker.done(*probe, QUICK, &TERMS, ms(5_000)))
        .collect();
    assert_eq!(told, [None, None, Some(State::Recovering)]);
    let pass = |random, now| breaker.admit(&TERMS, 0, || random, ms(now)).is_ok();
    assert!(pass(0.05, 5_000) && !pass(0.3, 5_100));
    assert!(pass(0.45, 7_000) && !pass(0.55, 7_000));
    assert!(pass(0.99, 9_000));
    assert_eq!(breaker.state(ms(9_000)), State::Closed);
}

#[test]
fn a_failing_probe_opens_it_again_and_a_lost_one_gives_its_place_back() {
    for outcome in [Outcome::Failed, SLOWLY] {
        let breaker = opened();
        let [lost, failing, late] = [0; 3].map(|_| admit(&breaker, 5_000).unwrap());
        assert_eq!(breaker.done(lost, Outcome::Unknown, &TERMS, ms(5_000)), None);
        assert!(admit(&breaker, 5_000).is_ok());
        assert_eq!(breaker.done(failing, outcome, &TERMS, ms(5_500)), Some(State::Open));
        assert_eq!(admit(&breaker, 5_500), Err(Refusal::Open(ms(5_000))));
        assert_eq!(
            breaker.done(late, QUICK, &TERMS, ms(5_600)),
            None,
            "of a round that is over"
        );
        let again = admit(&breaker, 10_500).unwrap();
        assert_eq!(breaker.done(late, Outcome::Failed, &TERMS, ms(10_500)), None);
        assert_eq!(breaker.done(again, QUICK, &TERMS, ms(10_500)), None);
    }
}

#[test]
fn slow_answers_open_it_and_too_few_requests_do_not() {
    let breaker = Breaker::default();
    (0..9).for_each(|_| assert_eq!(request(&breaker, SLOWLY, 0), None));
    assert_eq!(request(&breaker, SLOWLY, 0), Some(State::Open));
    let breaker = Breaker::default();
    (0..9).for_each(|_| assert_eq!(request(&breaker, Outcome::Failed, 0), None));
    assert_eq!(
        request(&breaker, Outcome::Failed, 60_000),
        None,
        "the others are long over"
    );
}

#[test]
fn what_is_found_well_is_asked_at_once_and_closes_without_a_ramp() {
    let breaker = opened();
    assert!(breaker.revive(ms(100)));
    let told: Vec<_> = (0..3).map(|_| request(&breaker, QUICK, 100)).collect();
    assert_eq!(told, [None, None, Some(State::Closed)]);
    assert!(!breaker.revive(ms(100)));
}

#[test]
fn requests_under_way_are_bounded() {
    let breaker = Breaker::default();
    assert!(breaker.admit(&TERMS, 99, || 0.5, ms(0)).is_ok());
    assert_eq!(breaker.admit(&TERMS, 100, || 0.5, ms(0)), Err(Refusal::Full));
}

proptest! {
    /// Law: while all goes well it never refuses; whatever happens, it lets requests pass again once all goes well for long enough.
    #[test]
    fn it_always_closes_again(before in prop::collection::vec((0u64..3_000, 0u8..4, 0f32..1.0), 0..200)) {
        let (breaker, mut now, mut open) = (Breaker::default(), 0, Vec::new());
        for (step, kind, random) in before {
            now += step;
            if let Ok(permit) = breaker.admit(&TERMS, 0, || random, ms(now)) {
                let outcome = [QUICK, SLOWLY, Outcome::Failed, Outcome::Unknown][usize::from(kind)];
                // Some are answered late, after others began.
                open.push((permit, outcome));
                if open.len() > 2 {
                    let (permit, outcome) = open.remove(0);
                    breaker.done(permit, outcome, &TERMS, ms(now));
                }
            }
        }
        for (permit, _) in open { breaker.done(permit, Outcome::Unknown, &TERMS, ms(now)); }
        let mut refused_late = 0;
        for second in 0..60 {
            for part in 0..10 {
                let at = now + second * 1_000 + part * 100;
                match breaker.admit(&TERMS, 0, || 0.9, ms(at)) {
                    Ok(permit) => { breaker.done(permit, QUICK, &TERMS, ms(at)); }
                    Err(_) if second > 30 => refused_late += 1,
                    Err(_) => {}
                }
            }
        }
        prop_assert_eq!(refused_late, 0);
        prop_assert_eq!(breaker.state(ms(now + 60_000)), State::Closed);
    }

    /// Law: without failures and slow answers it stays closed.
    #[test]
    fn good_answers_never_open_it(steps in prop::collection::vec(0u64..500, 1..300)) {
        let (breaker, mut now) = (Breaker::default(), 0);
        for step in steps {
            now += step;
            prop_assert_eq!(request(&breaker, QUICK, now), None);
        }
    }
}
