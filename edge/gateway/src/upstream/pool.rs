//! An upstream's targets, and the choice among them.

use super::{
    BreakerState, OutlierSettings, PoolSettings, Target, TargetSpec, clock,
    standing::because,
    state::{States, UpstreamState},
};
use crate::metrics::UpstreamCells;
use arc_swap::{ArcSwap, Guard};
use edge_policy::{
    balance::{Asked, Balancer, Client, Load, Method, Turn, View, key},
    breaker::{Outcome, Permit, Refusal, State},
    client_ip::subscriber,
    outlier::{Why, most_ejected},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long a target that refused a connection is left alone, unless a health check finds it well before.
const UNREACHABLE_FOR: Duration = Duration::from_secs(2);
/// The waiting time told while an operator keeps a breaker open.
const BY_HAND: Duration = Duration::from_secs(1);

/// The targets of one moment, with the order in which they take turns.
pub(crate) struct Rotation {
    /// Every known target.
    pub(crate) targets: Vec<Arc<Target>>,
    shares: Vec<u32>,
    balancer: Balancer,
}

impl Rotation {
    fn new(method: Method, targets: Vec<Arc<Target>>) -> Self {
        let shares: Vec<u32> = targets.iter().map(|target| target.share()).collect();
        let names = targets.iter().map(|target| key(target.address_text.as_bytes()));
        let named: Vec<(u64, u32)> = names.zip(shares.iter().copied()).collect();
        Self {
            // Edges draw each their own row of numbers.
            balancer: Balancer::new(method, &named, rand::random()),
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
            rotation: ArcSwap::from_pointee(Rotation::new(settings.method, Vec::new())),
            settings,
            cells,
            state: states.upstream(name),
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
        // At the very first all are new, and none has to be spared.
        pool.take_addresses(known.collect(), previous.is_some_and(|previous| previous.len() > 0));
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
        self.take_addresses(resolved, self.len() > 0);
    }

    fn take_addresses(&self, resolved: Vec<(&TargetSpec, Vec<SocketAddr>)>, others_are_warm: bool) {
        let mut targets: Vec<Arc<Target>> = Vec::new();
        for (spec, addresses) in resolved {
            for address in addresses {
                if !targets.iter().any(|target| target.address == address) {
                    let (state, is_new) = self.state.found(address);
                    if is_new && others_are_warm {
                        state.warmth.begin(clock::now());
                    }
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
            self.rotation
                .store(Arc::new(Rotation::new(self.settings.method, targets)));
        }
    }

    /// The targets of this moment.
    pub(crate) fn rotation(&self) -> Guard<Arc<Rotation>> {
        self.rotation.load()
    }

    /// Leave to ask this upstream; a permit where a breaker wants to hear what becomes of it.
    ///
    /// # Errors
    /// Its breaker, or an operator, keeps requests away.
    pub(crate) fn admit(&self) -> Result<Option<Permit>, Refusal> {
        match (self.state.breaker.get(), &self.settings.breaker) {
            (BreakerState::Open, _) => Err(Refusal::Open(BY_HAND)),
            (BreakerState::Closed, _) | (BreakerState::Configured, None) => Ok(None),
            (BreakerState::Configured, Some(terms)) => {
                let permit =
                    { &self.state.circuit }.admit(terms, self.state.load.in_flight(), rand::random, clock::now());
                permit.map(Some).inspect_err(|_| self.cells.breaker_refused.add())
            }
        }
    }

    /// What [`Pool::admit`] would say. Nothing changes.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn peek_admit(&self) -> Result<(), Refusal> {
        match (self.state.breaker.get(), &self.settings.breaker) {
            (BreakerState::Open, _) => Err(Refusal::Open(BY_HAND)),
            (BreakerState::Closed, _) | (BreakerState::Configured, None) => Ok(()),
            (BreakerState::Configured, Some(terms)) => {
                self.state
                    .circuit
                    .peek(terms, self.state.load.in_flight(), clock::now())
            }
        }
    }

    /// All that [`Pool::circuit_word`] may say.
    pub(crate) const CIRCUIT_WORDS: [&str; 4] = ["closed", "open", "half_open", "recovering"];

    /// What its circuit breaker does, in a word.
    pub(crate) fn circuit_word(&self) -> &'static str {
        let [closed, open, half_open, recovering] = Self::CIRCUIT_WORDS;
        let by_itself = match self.settings.breaker {
            Some(_) => self.state.circuit.state(clock::now()),
            None => State::Closed,
        };
        match (self.state.breaker.get(), by_itself) {
            (BreakerState::Open, _) | (BreakerState::Configured, State::Open) => open,
            (BreakerState::Closed, _) | (BreakerState::Configured, State::Closed) => closed,
            (BreakerState::Configured, State::HalfOpen) => half_open,
            (BreakerState::Configured, State::Recovering) => recovering,
        }
    }

    /// A permit that nothing came of.
    pub(crate) fn give_back(&self, permit: Option<Permit>) {
        if let Some((permit, terms)) = permit.zip(self.settings.breaker.as_ref()) {
            let _ = { &self.state.circuit }.done(permit, Outcome::Unknown, terms, clock::now());
        }
    }

    /// The balancer's choice among the targets that are available and not in `tried`, for this client where there is one. When
    /// none is available, an untried one is asked all the same: a wrong verdict must not take a whole service away. An operator's
    /// verdict is never wrong: a target that is drained or disabled is not chosen.
    pub(crate) fn pick(&self, tried: &[SocketAddr], client: Option<IpAddr>) -> Option<Arc<Target>> {
        self.next(tried, client, Balancer::take)
    }

    /// The target that [`Pool::pick`] would name. No turn is used up.
    pub(crate) fn peek(&self, tried: &[SocketAddr], client: Option<IpAddr>) -> Option<Arc<Target>> {
        self.next(tried, client, Balancer::peek)
    }

    fn next(
        &self,
        tried: &[SocketAddr],
        client: Option<IpAddr>,
        turn: impl Fn(&Balancer) -> Turn,
    ) -> Option<Arc<Target>> {
        let rotation = self.rotation.load();
        let turn = turn(&rotation.balancer);
        let asked = Asked {
            turn,
            key: client.map_or_else(|| turn.number(), client_key),
            now: clock::now(),
            all_in_flight: self.state.load.in_flight(),
        };
        let mut candidates = Candidates {
            targets: &rotation.targets,
            tried,
            slow_start: self.settings.slow_start,
            now: asked.now,
            only_available: true,
        };
        let mut chosen = rotation.balancer.choose(asked, &candidates);
        if chosen.is_none() {
            candidates.only_available = false;
            chosen = rotation.balancer.choose(asked, &candidates);
        }
        chosen.map(|index| Arc::clone(&rotation.targets[index]))
    }

    /// A connection to a target failed: spare the next requests the same wait.
    pub(super) fn unreachable(&self, target: &Target, now: Duration) {
        if let Some(ejection) = { &target.outlier }.eject(Why::Unreachable, UNREACHABLE_FOR, 0.0, now) {
            target.warmth.begin(ejection.until);
        }
    }

    /// Leaves a target alone for what requests showed, unless too many are already.
    pub(super) fn eject(&self, target: &Target, why: Why, outlier: &OutlierSettings, now: Duration) {
        // One at a time, so that two do not both find room for the last. Ejections are rare, requests seldom meet here.
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let rotation = self.rotation.load();
        let out = { &rotation.targets }
            .iter()
            .filter(|one| one.outlier.ejection(|| now).is_some());
        if out.count() >= most_ejected(rotation.targets.len(), outlier.max_ejected) {
            return;
        }
        let Some(ejection) = { &target.outlier }.eject(why, outlier.eject_for, rand::random(), now) else {
            return;
        };
        target.warmth.begin(ejection.until);
        self.cells.ejections.add();
        let seconds = ejection.until.saturating_sub(now).as_secs_f32();
        let (upstream, target_name) = (&*self.name, &*target.name);
        tracing::warn!(
            upstream,
            target_name,
            seconds,
            because = because(why),
            "target is left alone"
        );
    }

    /// A probe found a target well: where no other was, the breaker need not wait.
    pub(super) fn revived(&self, target: &Target) {
        let rotation = self.rotation.load();
        let others = { &rotation.targets }.iter().filter(|one| one.address != target.address);
        if others.filter(|one| one.is_available()).count() == 0 && self.state.circuit.revive(clock::now()) {
            tracing::info!(
                upstream = &*self.name,
                "circuit breaker: a target is back, the next requests find out"
            );
        }
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

/// A client's place on a ring; an IPv6 network is one client.
fn client_key(client: IpAddr) -> u64 {
    match subscriber(client) {
        IpAddr::V4(address) => key(&address.octets()),
        IpAddr::V6(address) => key(&address.octets()),
    }
}

/// Targets as a balancer sees them.
struct Candidates<'c> {
    targets: &'c [Arc<Target>],
    tried: &'c [SocketAddr],
    slow_start: Duration,
    now: Duration,
    only_available: bool,
}

impl View for Candidates<'_> {
    fn is_open(&self, index: usize) -> bool {
        let target = &self.targets[index];
        let is_well = || target.is_healthy() && target.outlier.ejection(|| self.now).is_none();
        target.admits(Client::New) && (!self.only_available || is_well()) && !self.tried.contains(&target.address)
    }

    fn warmth(&self, index: usize) -> f32 {
        self.targets[index].warmth.part(self.now, self.slow_start)
    }

    fn load(&self, index: usize) -> &Load {
        &self.targets[index].load
    }
}

#[cfg(test)]
mod tests;
