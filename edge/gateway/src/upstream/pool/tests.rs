#![allow(clippy::unwrap_used)]
use super::*;
use edge_policy::balance::{Placement, Thresholds};

const ONCE: Thresholds = Thresholds {
    healthy: 1,
    unhealthy: 1,
};

fn spec(address: &str, weight: u32) -> TargetSpec {
    TargetSpec {
        address: address.into(),
        weight,
    }
}

fn pool_of(states: &States, specs: Vec<TargetSpec>, previous: Option<&Pool>) -> Pool {
    let settings = PoolSettings {
        specs,
        ..PoolSettings::default()
    };
    Pool::new("p", settings, states, Arc::default(), previous)
}

fn pool(specs: Vec<TargetSpec>) -> Pool {
    pool_of(&States::default(), specs, None)
}

fn turns<const N: usize>(pool: &Pool, picks: usize) -> [usize; N] {
    let mut counts = [0; N];
    for target in (0..picks).filter_map(|_| pool.pick(&[], None)) {
        counts[usize::from(target.address.port()) - 1] += 1;
    }
    counts
}

#[test]
fn every_target_has_its_turn() {
    let pool = pool(vec![spec("127.0.0.1:1", 1), spec("127.0.0.1:2", 2)]);
    assert_eq!(turns(&pool, 300), [100, 200]);
}

#[test]
fn a_look_names_the_next_and_uses_up_no_turn() {
    let pool = pool(vec![
        spec("127.0.0.1:1", 1),
        spec("127.0.0.1:2", 2),
        spec("127.0.0.1:3", 1),
    ]);
    let check = |tried: &[SocketAddr]| {
        let seen = [pool.peek(tried, None), pool.peek(tried, None)].map(|target| target.unwrap().address);
        assert_eq!(seen, [pool.pick(tried, None).unwrap().address; 2]);
    };
    (0..8).for_each(|_| check(&[]));
    pool.rotation().targets[1].probed(false, ONCE);
    (0..8).for_each(|_| check(&[]));
    pool.rotation().targets[0].placement.set(Placement::Drain);
    (0..8).for_each(|_| check(&[]));
    (0..8).for_each(|_| check(&["127.0.0.1:3".parse().unwrap()]));
}

#[test]
fn the_sick_are_passed_over_until_all_are_sick() {
    let pool = pool(vec![spec("127.0.0.1:1", 1), spec("127.0.0.1:2", 1)]);
    let first = pool.pick(&[], None).unwrap();
    first.probed(false, ONCE);
    for _ in 0..4 {
        assert_ne!(pool.pick(&[], None).unwrap().address, first.address);
    }
    let second = pool.pick(&[], None).unwrap();
    assert_eq!(
        pool.pick(&[second.address], None).unwrap().address,
        first.address,
        "better a sick target than none"
    );
    second.probed(false, ONCE);
    assert!(pool.pick(&[], None).is_some());
    assert!(pool.pick(&[first.address, second.address], None).is_none());
}

#[test]
fn a_target_that_stays_keeps_its_health_when_addresses_change() {
    let pool = pool(vec![spec("name:1", 1)]);
    assert!(pool.has_names());
    assert!(pool.pick(&[], None).is_none());
    let spec = &pool.settings.specs[0];
    pool.set_addresses(vec![(spec, vec!["10.0.0.1:1".parse().unwrap()])]);
    pool.pick(&[], None).unwrap().probed(false, ONCE);
    let both = vec!["10.0.0.1:1".parse().unwrap(), "10.0.0.2:1".parse().unwrap()];
    pool.set_addresses(vec![(spec, both)]);
    let rotation = pool.rotation();
    let well: Vec<bool> = rotation.targets.iter().map(|target| target.is_available()).collect();
    assert_eq!(well, [false, true]);
}

#[test]
fn the_next_generation_s_pool_finds_health_and_addresses_again() {
    let states = States::default();
    let old = pool_of(&states, vec![spec("127.0.0.1:1", 1), spec("name:2", 1)], None);
    let name = &old.settings.specs[1];
    old.set_addresses(vec![
        (&old.settings.specs[0], vec!["127.0.0.1:1".parse().unwrap()]),
        (name, vec!["127.0.0.1:2".parse().unwrap()]),
    ]);
    let sick = old.pick(&["127.0.0.1:2".parse().unwrap()], None).unwrap();
    sick.probed(false, ONCE);
    let new = pool_of(
        &states,
        vec![spec("127.0.0.1:1", 9), spec("name:2", 1), spec("127.0.0.1:3", 1)],
        Some(&old),
    );
    drop((old, sick));
    assert_eq!(new.len(), 3, "the name is not looked up anew before it can be used");
    assert_eq!(turns(&new, 20), [0, 10, 10], "another weight makes no healthy target");
}

#[test]
fn nobody_new_goes_to_a_target_that_an_operator_took_out_not_even_when_all_others_are_sick() {
    let pool = pool(vec![spec("127.0.0.1:1", 1), spec("127.0.0.1:2", 1)]);
    let first = pool.pick(&[], None).unwrap();
    let second = pool.pick(&[first.address], None).unwrap();
    for out in [Placement::Drain, Placement::Disable] {
        first.placement.set(out);
        assert_eq!(turns(&pool, 4), [0, 4]);
        assert!(!pool.has_another(&[second.address]));
        second.probed(false, ONCE);
        assert_eq!(turns(&pool, 4), [0, 4]);
        second.placement.set(Placement::Drain);
        assert!(pool.pick(&[], None).is_none());
        second.placement.set(Placement::Configured);
        second.probed(true, ONCE);
    }
    first.placement.set(Placement::Configured);
    assert_eq!(turns(&pool, 4), [2, 2]);
}

#[test]
fn a_weight_that_an_operator_set_outlives_the_configured_one() {
    let states = States::default();
    let old = pool_of(&states, vec![spec("127.0.0.1:1", 1), spec("127.0.0.1:2", 1)], None);
    old.rotation().targets[0].placement.set(Placement::Weight(3));
    old.reweigh();
    assert_eq!(turns(&old, 40), [30, 10]);
    let new = pool_of(
        &states,
        vec![spec("127.0.0.1:1", 9), spec("127.0.0.1:2", 1)],
        Some(&old),
    );
    assert_eq!(turns(&new, 40), [30, 10]);
    new.rotation().targets[0].placement.set(Placement::Configured);
    new.reweigh();
    assert_eq!(turns(&new, 40), [36, 4]);
}
