//! An upstream's targets, and the choice among them.

use super::{
    Target,
    state::{States, UpstreamState},
};
use crate::metrics::UpstreamCells;
use arc_swap::{ArcSwap, Guard};
use edge_policy::balance::{Client, RoundRobin, Thresholds, Turn};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A target as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetSpec {
    /// `host:port`; a name may stand for many addresses.
    pub(crate) address: String,
    /// Its share of the traffic.
    pub(crate) weight: u32,
}

/// How targets are probed.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// An upstream as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoolSettings {
    /// Its targets.
    pub(crate) specs: Vec<TargetSpec>,
    /// How they are probed, if at all.
    pub(crate) health: Option<HealthSettings>,
}

/// The targets of one moment, with the order in which they take turns.
pub(crate) struct Rotation {
    /// Every known target.
    pub(crate) targets: Vec<Arc<Target>>,
    shares: Vec<u32>,
    turns: RoundRobin,
}

impl Rotation {
    fn new(targets: Vec<Arc<Target>>) -> Self {
        let shares: Vec<u32> = targets.iter().map(|target| target.share()).collect();
        Self {
            turns: RoundRobin::new(&shares),
            shares,
            targets,
        }
    }

    fn is_same(&self, targets: &[Arc<Target>]) -> bool {
        let both = targets.iter().zip(self.targets.iter().zip(&self.shares));
        targets.len() == self.targets.len() && { both }
            .all(|(new, (old, share))| new.is_same(old) && new.share() == *share)
    }
}

/// One upstream.
pub(crate) struct Pool {
    /// Its name in the configuration.
    pub(crate) name: Arc<str>,
    /// The rest of what the configuration says.
    pub(crate) settings: PoolSettings,
    /// What is counted of it.
    pub(crate) cells: Arc<UpstreamCells>,
    /// What lasts of it.
    pub(crate) state: Arc<UpstreamState>,
    rotation: ArcSwap<Rotation>,
    /// Held while a new rotation is made. Requests never do.
    making: Mutex<()>,
}

impl Pool {
    /// A pool of `settings`. Targets given as addresses are there at once; names when they are resolved, and those that
    /// `previous` has resolved already at once too.
    pub(crate) fn new(
        name: &str,
        settings: PoolSettings,
        states: &States,
        cells: Arc<UpstreamCells>,
        previous: Option<&Self>,
    ) -> Self {
        let pool = Self {
            name: name.into(),
            settings,
            cells,
            state: states.upstream(name),
            rotation: ArcSwap::from_pointee(Rotation::new(Vec::new())),
            making: Mutex::new(()),
        };
        let known = pool.settings.specs.iter().map(|spec| {
            let literal = spec.address.parse().ok();
            let addresses = literal.map_or_else(
                || previous.map(|previous| previous.addresses_of(spec)).unwrap_or_default(),
                |address| vec![address],
            );
            (spec, addresses)
        });
        pool.set_addresses(known.collect());
        pool
    }

    /// Whether any target is given by name.
    pub(crate) fn has_names(&self) -> bool {
        let specs = &self.settings.specs;
        specs.iter().any(|spec| spec.address.parse::<SocketAddr>().is_err())
    }

    /// The addresses known of a spec.
    pub(crate) fn addresses_of(&self, spec: &TargetSpec) -> Vec<SocketAddr> {
        let rotation = self.rotation.load();
        let known = rotation.targets.iter().filter(|target| *target.name == *spec.address);
        known.map(|target| target.address).collect()
    }

    /// Takes the addresses of each spec. What is known of them already stays with them.
    pub(crate) fn set_addresses(&self, resolved: Vec<(&TargetSpec, Vec<SocketAddr>)>) {
        let mut targets: Vec<Arc<Target>> = Vec::new();
        for (spec, addresses) in resolved {
            for address in addresses {
                if !targets.iter().any(|target| target.address == address) {
                    let state = self.state.target(address);
                    targets.push(Arc::new(Target::new(&spec.address, spec.weight, state)));
                }
            }
        }
        self.turn(|_| targets);
    }

    /// Takes the shares that operators have set since.
    pub(crate) fn reweigh(&self) {
        self.turn(<[Arc<Target>]>::to_vec);
    }

    fn turn(&self, targets: impl FnOnce(&[Arc<Target>]) -> Vec<Arc<Target>>) {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.rotation.load();
        let targets = targets(&old.targets);
        if !old.is_same(&targets) {
            self.rotation.store(Arc::new(Rotation::new(targets)));
        }
    }

    /// The targets of this moment.
    pub(crate) fn rotation(&self) -> Guard<Arc<Rotation>> {
        self.rotation.load()
    }

    /// The next target in turn that is available and not in `tried`. When none is available, the next untried one
    /// is tried all the same: a wrong verdict must not take a whole service away. An operator's verdict is never wrong:
    /// a target that is drained or disabled is not chosen.
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
        let open = |index: usize| target(index).admits(Client::New) && !tried.contains(&target(index).address);
        let available = |index: usize| target(index).is_available() && open(index);
        rotation
            .turns
            .holder(turn, available)
            .or_else(|| rotation.turns.holder(turn, open))
            .map(|index| Arc::clone(target(index)))
    }

    /// Whether there is a target to try beside these.
    pub(crate) fn has_another(&self, tried: &[SocketAddr]) -> bool {
        let rotation = self.rotation.load();
        let mut targets = rotation.targets.iter();
        targets.any(|target| target.admits(Client::New) && !tried.contains(&target.address))
    }

    /// How many targets are known.
    pub(crate) fn len(&self) -> usize {
        self.rotation.load().targets.len()
    }
}

#[cfg(test)]
mod tests;
