//! An upstream's targets, and the choice among them.

use super::Target;
use crate::metrics::UpstreamCells;
use arc_swap::{ArcSwap, Guard};
use edge_policy::balance::{RoundRobin, Thresholds, Turn};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// A target as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetSpec {
    /// `host:port`; a name may stand for many addresses.
    pub(crate) address: String,
    /// Its share of the traffic.
    pub(crate) weight: u32,
}

/// How targets are probed.
#[derive(Debug, Clone)]
pub(crate) struct HealthSettings {
    /// What to ask for; a 2xx answer means well.
    pub(crate) path: String,
    /// From one probe to the next.
    pub(crate) interval: Duration,
    /// How long an answer may take.
    pub(crate) timeout: Duration,
    /// How many results in a row change the verdict.
    pub(crate) thresholds: Thresholds,
}

/// The targets of one moment, with the order in which they take turns.
#[derive(Debug)]
pub(crate) struct Rotation {
    /// Every known target.
    pub(crate) targets: Vec<Arc<Target>>,
    turns: RoundRobin,
}

impl Rotation {
    fn new(targets: Vec<Arc<Target>>) -> Self {
        let weights: Vec<u32> = targets.iter().map(|target| target.weight).collect();
        Self {
            turns: RoundRobin::new(&weights),
            targets,
        }
    }
}

/// One upstream.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Its name in the configuration.
    pub(crate) name: Arc<str>,
    /// Its targets as configured.
    pub(crate) specs: Vec<TargetSpec>,
    /// How its targets are probed, if at all.
    pub(crate) health: Option<HealthSettings>,
    /// What is counted of it.
    pub(crate) cells: Arc<UpstreamCells>,
    rotation: ArcSwap<Rotation>,
}

impl Pool {
    /// A pool of `specs`; targets given as addresses are there at once, names when they are resolved.
    pub(crate) fn new(
        name: &str,
        specs: Vec<TargetSpec>,
        health: Option<HealthSettings>,
        cells: Arc<UpstreamCells>,
    ) -> Self {
        let rotation = ArcSwap::from_pointee(Rotation::new(Vec::new()));
        let pool = Self {
            name: name.into(),
            specs,
            health,
            cells,
            rotation,
        };
        let known = pool
            .specs
            .iter()
            .map(|spec| (spec, spec.address.parse().into_iter().collect()))
            .collect();
        pool.set_addresses(known);
        pool
    }

    /// Whether any target is given by name.
    pub(crate) fn has_names(&self) -> bool {
        self.specs
            .iter()
            .any(|spec| spec.address.parse::<SocketAddr>().is_err())
    }

    /// Takes the addresses of each spec. Targets that were known before keep their health.
    pub(crate) fn set_addresses(&self, resolved: Vec<(&TargetSpec, Vec<SocketAddr>)>) {
        let old = self.rotation.load();
        let mut targets: Vec<Arc<Target>> = Vec::new();
        for (spec, addresses) in resolved {
            for address in addresses {
                if targets.iter().any(|target| target.address == address) {
                    continue;
                }
                let same = |target: &&Arc<Target>| target.address == address && target.weight == spec.weight.max(1);
                let target = match old.targets.iter().find(same) {
                    Some(target) => Arc::clone(target),
                    None => Arc::new(Target::new(&spec.address, address, spec.weight, self.thresholds())),
                };
                targets.push(target);
            }
        }
        let unchanged = targets.len() == old.targets.len()
            && targets.iter().zip(&old.targets).all(|(new, old)| Arc::ptr_eq(new, old));
        if !unchanged {
            self.rotation.store(Arc::new(Rotation::new(targets)));
        }
    }

    /// The targets of this moment.
    pub(crate) fn rotation(&self) -> Guard<Arc<Rotation>> {
        self.rotation.load()
    }

    fn thresholds(&self) -> Thresholds {
        self.health.as_ref().map_or(
            Thresholds {
                healthy: 1,
                unhealthy: 1,
            },
            |health| health.thresholds,
        )
    }

    /// The next target in turn that is available and not in `tried`. When none is available, the next untried one
    /// is tried all the same: a wrong verdict must not take a whole service away.
    pub(crate) fn pick(&self, tried: &[SocketAddr]) -> Option<Arc<Target>> {
        self.next(tried, RoundRobin::take)
    }

    /// The target that [`Pool::pick`] would name. No turn is used up.
    pub(crate) fn peek(&self, tried: &[SocketAddr]) -> Option<Arc<Target>> {
        self.next(tried, RoundRobin::peek)
    }

    fn next(&self, tried: &[SocketAddr], turn: impl Fn(&RoundRobin) -> Turn) -> Option<Arc<Target>> {
        let rotation = self.rotation.load();
        let turn = turn(&rotation.turns);
        let target = |index: usize| &rotation.targets[index];
        let untried = |index: usize| !tried.contains(&target(index).address);
        let available = |index: usize| target(index).is_available() && untried(index);
        rotation
            .turns
            .holder(turn, available)
            .or_else(|| rotation.turns.holder(turn, untried))
            .map(|index| Arc::clone(target(index)))
    }

    /// How many targets are known.
    pub(crate) fn len(&self) -> usize {
        self.rotation.load().targets.len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn spec(address: &str, weight: u32) -> TargetSpec {
        TargetSpec {
            address: address.into(),
            weight,
        }
    }

    fn pool(specs: Vec<TargetSpec>) -> Pool {
        Pool::new("p", specs, None, Arc::default())
    }

    #[test]
    fn every_target_has_its_turn() {
        let pool = pool(vec![spec("127.0.0.1:1", 1), spec("127.0.0.1:2", 2)]);
        let mut counts = [0; 2];
        for _ in 0..300 {
            counts[usize::from(pool.pick(&[]).unwrap().address.port()) - 1] += 1;
        }
        assert_eq!(counts, [100, 200]);
    }

    #[test]
    fn a_look_names_the_next_and_uses_up_no_turn() {
        let pool = pool(vec![spec("127.0.0.1:1", 1), spec("127.0.0.1:2", 2), spec("127.0.0.1:3", 1)]);
        let check = |tried: &[SocketAddr]| {
            let seen = [pool.peek(tried), pool.peek(tried)].map(|target| target.unwrap().address);
            assert_eq!(seen, [pool.pick(tried).unwrap().address; 2]);
        };
        (0..8).for_each(|_| check(&[]));
        pool.rotation().targets[1].probed(false);
        (0..8).for_each(|_| check(&[]));
        let others = ["127.0.0.1:1".parse().unwrap(), "127.0.0.1:3".parse().unwrap()];
        (0..8).for_each(|_| check(&others));
    }

    #[test]
    fn the_sick_are_passed_over_until_all_are_sick() {
        let pool = pool(vec![spec("127.0.0.1:1", 1), spec("127.0.0.1:2", 1)]);
        let first = pool.pick(&[]).unwrap();
        first.probed(false);
        for _ in 0..4 {
            assert_ne!(pool.pick(&[]).unwrap().address, first.address);
        }
        let second = pool.pick(&[]).unwrap();
        assert_eq!(
            pool.pick(&[second.address]).unwrap().address,
            first.address,
            "better a sick target than none"
        );
        second.probed(false);
        assert!(pool.pick(&[]).is_some());
        assert!(pool.pick(&[first.address, second.address]).is_none());
    }

    #[test]
    fn a_target_that_stays_keeps_its_health_when_addresses_change() {
        let pool = pool(vec![spec("name:1", 1)]);
        assert!(pool.has_names());
        assert!(pool.pick(&[]).is_none());
        let spec = &pool.specs[0];
        pool.set_addresses(vec![(spec, vec!["10.0.0.1:1".parse().unwrap()])]);
        pool.pick(&[]).unwrap().probed(false);
        pool.set_addresses(vec![(
            spec,
            vec!["10.0.0.1:1".parse().unwrap(), "10.0.0.2:1".parse().unwrap()],
        )]);
        assert_eq!(pool.len(), 2);
        let well: Vec<bool> = pool
            .rotation()
            .targets
            .iter()
            .map(|target| target.is_available())
            .collect();
        assert_eq!(well, [false, true]);
    }
}
