#![allow(clippy::unwrap_used)]
use super::*;
use edge_policy::balance::{Placement, Thresholds};

const ONCE: Thresholds = Thresholds {
    healthy: 1,
    unhealthy: 1,
};

fn spec(address: &str, weight: u32) -> TargetSpec {
    TargetSpec {
        weight,
        ..TargetSpec::plain(address)
    }
}

fn found(addresses: &[&str]) -> Vec<Found> {
    let addresses = addresses.iter().map(|address| address.parse().unwrap());
    addresses.map(|address| Found { address, weight: 1 }).collect()
}

fn pool_of(states: &States, specs: Vec<TargetSpec>, previous: Option<&Pool>) -> Pool {
    let settings = PoolSettings {
        specs,
        ..PoolSettings::default()
    };
    Pool::new("p", settings, None, states, Arc::default(), previous)
}

fn pool(specs: Vec<TargetSpec>) -> Pool {
    pool_of(&States::default(), specs, None)
}

fn turns<const N: usize>(pool: &Pool, picks: usize) -> [usize; N] {
    let mut counts = [0; N];
    for target in (0..picks).filter_map(|_| pool.pick(Subset::ALL, &[], None)) {
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
        let seen = [pool.peek(Subset::ALL, tried, None), pool.peek(Subset::ALL, tried, None)]
            .map(|target| target.unwrap().address);
        assert_eq!(seen, [pool.pick(Subset::ALL, tried, None).unwrap().address; 2]);
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
    let first = pool.pick(Subset::ALL, &[], None).unwrap();
    first.probed(false, ONCE);
    for _ in 0..4 {
        assert_ne!(pool.pick(Subset::ALL, &[], None).unwrap().address, first.address);
    }
    let second = pool.pick(Subset::ALL, &[], None).unwrap();
    assert_eq!(
        pool.pick(Subset::ALL, &[second.address], None).unwrap().address,
        first.address,
        "better a sick target than none"
    );
    second.probed(false, ONCE);
    assert!(pool.pick(Subset::ALL, &[], None).is_some());
    assert!(pool.pick(Subset::ALL, &[first.address, second.address], None).is_none());
}

#[test]
fn a_target_that_stays_keeps_its_health_when_addresses_change() {
    let pool = pool(vec![spec("name:1", 1)]);
    assert!(pool.has_names());
    assert!(pool.pick(Subset::ALL, &[], None).is_none());
    pool.set_found(0, found(&["10.0.0.1:1"]));
    pool.pick(Subset::ALL, &[], None).unwrap().probed(false, ONCE);
    pool.set_found(0, found(&["10.0.0.1:1", "10.0.0.2:1"]));
    let rotation = pool.rotation();
    let well: Vec<bool> = rotation.targets.iter().map(|target| target.is_available()).collect();
    assert_eq!(well, [false, true]);
}

#[test]
fn the_next_generation_s_pool_finds_health_and_addresses_again() {
    let states = States::default();
    let old = pool_of(&states, vec![spec("127.0.0.1:1", 1), spec("name:2", 1)], None);
    old.set_found(1, found(&["127.0.0.1:2"]));
    let sick = old.pick(Subset::ALL, &["127.0.0.1:2".parse().unwrap()], None).unwrap();
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
    let first = pool.pick(Subset::ALL, &[], None).unwrap();
    let second = pool.pick(Subset::ALL, &[first.address], None).unwrap();
    for out in [Placement::Drain, Placement::Disable] {
        first.placement.set(out);
        assert_eq!(turns(&pool, 4), [0, 4]);
        assert!(!pool.has_another(Subset::ALL, &[second.address]));
        second.probed(false, ONCE);
        assert_eq!(turns(&pool, 4), [0, 4]);
        second.placement.set(Placement::Drain);
        assert!(pool.pick(Subset::ALL, &[], None).is_none());
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

#[test]
fn a_subset_is_the_targets_with_its_labels_and_takes_turns_of_its_own() {
    let labels = |pairs: &[(&str, &str)]| -> Labels {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.collect()
    };
    let labelled = |address: &str, pairs: &[(&str, &str)]| TargetSpec {
        labels: Arc::new(labels(pairs)),
        ..TargetSpec::plain(address)
    };
    let (canary, canary_in_a) = (labels(&[("v", "2")]), labels(&[("v", "2"), ("zone", "a")]));
    let settings = PoolSettings {
        specs: vec![
            labelled("127.0.0.1:1", &[("v", "1"), ("zone", "a")]),
            labelled("127.0.0.1:2", &[("v", "2"), ("zone", "a")]),
            labelled("name:3", &[("v", "2"), ("zone", "b")]),
        ],
        subsets: vec![canary.clone(), canary_in_a.clone()],
        ..PoolSettings::default()
    };
    let pool = Pool::new("p", settings, None, &States::default(), Arc::default(), None);
    pool.set_found(2, found(&["127.0.0.1:3"]));
    let ports = |subset: Subset| -> Vec<u16> {
        let picked = (0..4).filter_map(|_| pool.pick(subset, &[], None));
        picked.map(|target| target.address.port()).collect()
    };
    let [all, canary, canary_in_a] = [labels(&[]), canary, canary_in_a].map(|labels| pool.subset(&labels).unwrap());
    assert_eq!(ports(all), [1, 2, 3, 1]);
    assert_eq!(ports(canary), [2, 3, 2, 3]);
    assert_eq!(ports(canary_in_a), [2, 2, 2, 2]);
    assert!(pool.subset(&labels(&[("v", "3")])).is_none());
    let second = ["127.0.0.1:2".parse().unwrap()];
    assert!(pool.has_another(canary, &second) && !pool.has_another(canary_in_a, &second));
    assert!(
        pool.pick(canary_in_a, &second, None).is_none(),
        "better none than another"
    );
}
