//! The targets of one moment, and the choice among them.

use super::{Target, clock};
use edge_policy::balance::{Asked, Balancer, Client, Load, Method, Turn, View, key};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

/// What a configuration writes on targets.
pub(crate) type Labels = BTreeMap<String, String>;

/// Which of an upstream's targets are meant. It belongs to the pool that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subset(pub(super) Option<usize>);

impl Subset {
    /// All of them.
    pub(crate) const ALL: Self = Self(None);
}

/// The targets of one moment, with the order in which they take turns.
pub(crate) struct Rotation {
    /// Every known target.
    pub(crate) targets: Vec<Arc<Target>>,
    shares: Vec<u32>,
    balancer: Balancer,
    /// Parts of them, by the number of the subset. They have no parts themselves.
    subsets: Vec<Self>,
}

/// A request, as far as the choice of its target goes.
pub(super) struct Request<'r> {
    /// Targets that it does not go to again.
    pub(super) tried: &'r [SocketAddr],
    /// What keeps it at one target, where anything does.
    pub(super) key: Option<u64>,
    /// Requests of all under way at the upstream.
    pub(super) all_in_flight: u32,
    /// How long targets warm up.
    pub(super) slow_start: Duration,
    /// Requests under way to one target at which it gets no more.
    pub(super) most_per_target: u32,
}

impl Rotation {
    /// Of these targets, and of those of them that have the labels of each subset.
    pub(super) fn new(method: Method, targets: Vec<Arc<Target>>, subsets: &[Labels]) -> Self {
        let part = |labels: &Labels| {
            let targets = targets.iter().filter(|target| target.has(labels));
            Self::new(method, targets.cloned().collect(), &[])
        };
        let subsets = subsets.iter().map(part).collect();
        let shares: Vec<u32> = targets.iter().map(|target| target.share()).collect();
        let names = targets.iter().map(|target| key(target.address_text.as_bytes()));
        let named: Vec<(u64, u32)> = names.zip(shares.iter().copied()).collect();
        Self {
            // Edges draw each their own row of numbers.
            balancer: Balancer::new(method, &named, rand::random()),
            shares,
            targets,
            subsets,
        }
    }

    /// The part of it that a subset is.
    pub(crate) fn of(&self, Subset(subset): Subset) -> &Self {
        subset.and_then(|number| self.subsets.get(number)).unwrap_or(self)
    }

    /// Whether these targets with their shares would make the same one.
    pub(super) fn is_same(&self, targets: &[Arc<Target>]) -> bool {
        let both = targets.iter().zip(self.targets.iter().zip(&self.shares));
        targets.len() == self.targets.len() && { both }
            .all(|(new, (old, share))| new.is_same(old) && new.share() == *share)
    }

    /// The target of a request on its turn.
    pub(super) fn choose(&self, request: &Request<'_>, turn: impl Fn(&Balancer) -> Turn) -> Option<Arc<Target>> {
        let turn = turn(&self.balancer);
        let asked = Asked {
            turn,
            key: request.key.unwrap_or_else(|| turn.number()),
            now: clock::now(),
            all_in_flight: request.all_in_flight,
        };
        let mut candidates = Candidates {
            targets: &self.targets,
            request,
            now: asked.now,
            only_available: true,
        };
        let mut chosen = self.balancer.choose(asked, &candidates);
        if chosen.is_none() {
            candidates.only_available = false;
            chosen = self.balancer.choose(asked, &candidates);
        }
        chosen.map(|index| Arc::clone(&self.targets[index]))
    }
}

/// Targets as a balancer sees them.
struct Candidates<'c> {
    targets: &'c [Arc<Target>],
    request: &'c Request<'c>,
    now: Duration,
    only_available: bool,
}

impl View for Candidates<'_> {
    fn is_open(&self, index: usize) -> bool {
        let target = &self.targets[index];
        let is_well = || target.is_healthy() && target.outlier.ejection(|| self.now).is_none();
        let is_tried = || self.request.tried.contains(&target.address);
        let has_room = target.load.in_flight() < self.request.most_per_target;
        target.admits(Client::New) && has_room && (!self.only_available || is_well()) && !is_tried()
    }

    fn warmth(&self, index: usize) -> f32 {
        self.targets[index].warmth.part(self.now, self.request.slow_start)
    }

    fn load(&self, index: usize) -> &Load {
        &self.targets[index].load
    }
}
