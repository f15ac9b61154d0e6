use super::*;
use proptest::prelude::*;

const BOUNDS: Bounds = Bounds { min: 4, max: 100 };

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A service that does `capacity` requests at a time in 20 ms each, asked as often as the limiter lets: so many seconds of it.
fn saturate(limiter: &Limiter, capacity: u32, from: u64, seconds: u64) {
    saturate_with(Level::Critical, limiter, capacity, from, seconds);
}

fn saturate_with(level: Level, limiter: &Limiter, capacity: u32, from: u64, seconds: u64) {
    let mut held = 0;
    for tick in from * 50..(from + seconds) * 50 {
        while limiter.enter(level, BOUNDS) {
            held += 1;
        }
        // Each waits for those before it.
        let took = 20.0 * (held as f32 / capacity as f32).max(1.0);
        for _ in 0..held.min(capacity) {
            limiter.leave();
            limiter.answered(Duration::from_secs_f32(took / 1e3), BOUNDS, ms(tick * 20));
            held -= 1;
        }
    }
    (0..held).for_each(|_| limiter.leave());
}

/// Somebody asks now and then.
fn learn(limiter: &Limiter, took: Duration) {
    for tick in 0..1_000 {
        assert!(limiter.enter(Level::Low, BOUNDS));
        limiter.leave();
        limiter.answered(took, BOUNDS, ms(tick * 10));
    }
}

#[test]
fn it_settles_where_the_service_is_busy_and_little_waits() {
    let limiter = Limiter::default();
    learn(&limiter, ms(20));
    assert_eq!(limiter.limit(BOUNDS), 20, "unused, it stays");
    saturate(&limiter, 8, 10, 20);
    let limit = limiter.limit(BOUNDS);
    assert!((8..=24).contains(&limit), "{limit}");
    saturate(&limiter, 64, 30, 60);
    let limit = limiter.limit(BOUNDS);
    assert!(limit >= 64, "{limit}: a service that can do more gets more");
}

/// Clients can say of any request that it is a prefetch: half of the limit is theirs, and too much for a small service.
#[test]
fn those_of_the_lowest_level_alone_do_not_spoil_the_baseline() {
    let limiter = Limiter::default();
    learn(&limiter, ms(20));
    saturate_with(Level::Low, &limiter, 2, 10, 20);
    let (limit, baseline) = (limiter.limit(BOUNDS), limiter.baseline().unwrap());
    assert!(limit < 16, "{limit}");
    assert!(baseline < ms(30), "{baseline:?}");
}

#[test]
fn a_service_that_has_become_slow_is_measured_anew_when_little_is_going_on() {
    let limiter = Limiter::default();
    learn(&limiter, ms(20));
    for tick in 0..3_000 {
        limiter.answered(ms(60), BOUNDS, ms(10_000 + tick * 10));
    }
    let baseline = limiter.baseline().unwrap();
    assert!(baseline > ms(50), "{baseline:?}");
}

/// Nobody asks less for a while, so it has to look.
#[test]
fn a_service_that_has_become_slow_under_load_is_measured_anew() {
    let limiter = Limiter::default();
    learn(&limiter, ms(10));
    saturate(&limiter, 32, 10, 60);
    let (limit, baseline) = (limiter.limit(BOUNDS), limiter.baseline().unwrap());
    assert!(baseline > ms(16) && baseline < ms(24), "{baseline:?}");
    assert!((32..=48).contains(&limit), "{limit}");
}

#[test]
fn a_look_takes_some_of_the_room_for_a_moment() {
    let limiter = Limiter::default();
    let mut rooms = Vec::new();
    for tick in 0..200 {
        (0..20).for_each(|_| _ = limiter.enter(Level::Critical, BOUNDS));
        (0..limiter.in_flight()).for_each(|_| {
            limiter.leave();
            limiter.answered(ms(20), BOUNDS, ms(tick * 50));
        });
        rooms.push(limiter.room(Level::Critical, BOUNDS) < limiter.limit(BOUNDS));
    }
    let (in_looks, first) = (
        rooms.iter().filter(|dip| **dip).count(),
        rooms.iter().position(|dip| *dip),
    );
    assert!(first.is_some_and(|tick| tick < 10), "{first:?}");
    assert!((3..60).contains(&in_looks), "{in_looks} of 200");
}

#[test]
fn a_service_that_stands_still_makes_the_limit_fall_and_spoils_no_baseline() {
    let limiter = Limiter::default();
    learn(&limiter, ms(20));
    let before = limiter.limit(BOUNDS);
    for second in 10..20 {
        while limiter.enter(Level::Critical, BOUNDS) {}
        for _ in 0..limiter.in_flight() {
            limiter.leave();
            limiter.timed_out(ms(1_000), BOUNDS, ms(second * 1_000));
        }
    }
    assert!(limiter.limit(BOUNDS) < before / 2, "{}", limiter.limit(BOUNDS));
    assert!(limiter.baseline().unwrap() < ms(21), "{:?}", limiter.baseline());
}

#[test]
fn nothing_is_allocated() {
    let limiter = Limiter::default();
    let counted = allocation_counter::measure(|| {
        for tick in 0..1_000 {
            assert!(limiter.enter(Level::Read, BOUNDS));
            limiter.answered(ms(20), BOUNDS, ms(tick));
            limiter.leave();
        }
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn bounds_that_change_hold_at_once() {
    let limiter = Limiter::default();
    assert_eq!(limiter.limit(Bounds { min: 40, max: 50 }), 40);
    assert_eq!(limiter.limit(Bounds { min: 1, max: 3 }), 3);
    assert_eq!(limiter.room(Level::Low, Bounds { min: 1, max: 1 }), 1);
}

proptest! {
    /// Laws: the limit never leaves its bounds, does not grow unless more than half of it is used or somebody finds no room, and who finds room would find
    /// it at any higher level too.
    #[test]
    fn laws(steps in prop::collection::vec((0u64..300, 1u64..2_000_000, 0usize..5, any::<bool>()), 1..400), min in 1u32..20, more in 0u32..50) {
        let (limiter, bounds) = (Limiter::default(), Bounds { min, max: min + more });
        let (mut now, mut peak) = (0, 0);
        for (step, us, level, leaves) in steps {
            now += step;
            let entered = Level::ALL.map(|level| limiter.has_room(level, bounds));
            prop_assert!(entered.is_sorted(), "{entered:?}");
            prop_assert_eq!(limiter.enter(Level::ALL[level], bounds), entered[level]);
            peak = if entered[level] { peak.max(limiter.in_flight()) } else { u32::MAX };
            if leaves && limiter.in_flight() > 0 {
                limiter.leave();
            }
            let before = limiter.limit(bounds);
            limiter.answered(Duration::from_micros(us), bounds, ms(now));
            let after = limiter.limit(bounds);
            prop_assert!((bounds.min..=bounds.max).contains(&after));
            prop_assert!(after <= before || peak > before / 2);
            prop_assert!(limiter.in_flight() <= bounds.max);
        }
    }
}
