//! An upstream's targets, and the choice among them.

use super::{
    BreakerState, Found, Labels, OutlierSettings, PoolSettings, Rotation, Subset, Target, TargetSpec, clock,
    rotation::Request,
    standing::because,
    state::{States, UpstreamState},
};
use crate::{metrics::UpstreamCells, tls::Identity};
use arc_swap::{ArcSwap, Guard};
use edge_config::Records;
use edge_policy::{
    balance::{Balancer, Client, Placement, Turn},
    breaker::{Outcome, Permit, Refusal, State},
    outlier::{Why, most_ejected},
};
use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long a target that refused a connection is left alone, unless a health check finds it well before.
const UNREACHABLE_FOR: Duration = Duration::from_secs(2);
/// The waiting time told while an operator keeps a breaker open.
const BY_HAND: Duration = Duration::from_secs(1);

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
    /// Speaks TLS with its targets, where the configuration wants it.
    pub(crate) identity: Option<Arc<Identity>>,
    rotation: ArcSwap<Rotation>,
    /// What is known of each spec. Held while a new rotation is made; requests never do.
    making: Mutex<Vec<Vec<Found>>>,
}

impl Pool {
    /// A pool of `settings`. Targets given as addresses are there at once; names when they are resolved, and those that
    /// `previous` has resolved already at once too.
    pub(crate) fn new(
        name: &str,
        settings: PoolSettings,
        identity: Option<Arc<Identity>>,
        states: &States,
        cells: Arc<UpstreamCells>,
        previous: Option<&Self>,
    ) -> Self {
        let of_spec = |spec: &TargetSpec| match spec.literal() {
            Some(address) => vec![Found {
                address,
                weight: spec.weight,
            }],
            None => previous.map(|previous| previous.found_of(spec)).unwrap_or_default(),
        };
        let found = settings.specs.iter().map(of_spec).collect();
        let pool = Self {
            name: name.into(),
            rotation: ArcSwap::from_pointee(Rotation::new(settings.method, Vec::new(), &settings.subsets)),
            settings,
            identity,
            cells,
            state: states.upstream(name),
            making: Mutex::new(found),
        };
        // At the very first all are new, and none has to be spared.
        let others_are_warm = previous.is_some_and(|previous| previous.len() > 0);
        pool.turn(|found, _| pool.targets(found, others_are_warm));
        pool
    }

    /// Whether any target is given by name.
    pub(crate) fn has_names(&self) -> bool {
        self.settings.specs.iter().any(TargetSpec::is_name)
    }

    /// What is known of a spec of the configuration before, as this one's would be.
    fn found_of(&self, spec: &TargetSpec) -> Vec<Found> {
        let found = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = self.settings.specs.iter().zip(found.iter());
        let known = known.find(|(known, _)| known.address == spec.address && known.records == spec.records);
        let mut found = known.map(|(_, found)| found.clone()).unwrap_or_default();
        if spec.records != Records::Srv {
            found.iter_mut().for_each(|found| found.weight = spec.weight);
        }
        found
    }

    /// Whether anything is known of the spec of that number.
    pub(crate) fn knows(&self, spec: usize) -> bool {
        let found = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(spec).is_some_and(|found| !found.is_empty())
    }

    /// Takes what the spec of that number stands for now. What is known of its targets already stays with them.
    pub(crate) fn set_found(&self, spec: usize, now: Vec<Found>) {
        let others_are_warm = self.len() > 0;
        self.turn(|found, _| {
            if let Some(found) = found.get_mut(spec) {
                *found = now;
            }
            self.targets(found, others_are_warm)
        });
    }

    fn targets(&self, found: &[Vec<Found>], others_are_warm: bool) -> Vec<Arc<Target>> {
        let mut targets: Vec<Arc<Target>> = Vec::new();
        let mut seen = HashSet::new();
        for (spec, found) in self.settings.specs.iter().zip(found) {
            for found in found.iter().filter(|found| seen.insert(found.address)) {
                let (state, is_new) = self.state.found(found.address);
                if is_new && others_are_warm {
                    state.warmth.begin(clock::now());
                }
                targets.push(Arc::new(Target::new(spec, found.weight, state)));
            }
        }
        targets
    }

    /// Takes the shares that operators have set since.
    pub(crate) fn reweigh(&self) {
        self.turn(|_, targets| targets.to_vec());
    }

    /// Makes the next rotation: of what is known of each spec, and of the targets there are.
    fn turn(&self, targets: impl FnOnce(&mut [Vec<Found>], &[Arc<Target>]) -> Vec<Arc<Target>>) {
        let mut found = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.rotation.load();
        let targets = targets(&mut found, &old.targets);
        if !old.is_same(&targets) {
            let rotation = Rotation::new(self.settings.method, targets, &self.settings.subsets);
            self.rotation.store(Arc::new(rotation));
            self.state.bell.ring();
        }
    }

    /// The subset of the targets with these labels; `None` if the configuration knows of none.
    pub(crate) fn subset(&self, labels: &Labels) -> Option<Subset> {
        if labels.is_empty() {
            return Some(Subset::ALL);
        }
        let number = self.settings.subsets.iter().position(|subset| subset == labels);
        number.map(|number| Subset(Some(number)))
    }

    /// The labels of a subset of this pool; `None` for all targets.
    pub(crate) fn labels(&self, Subset(subset): Subset) -> Option<&Labels> {
        self.settings.subsets.get(subset?)
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
        match self.circuit() {
            State::Closed => closed,
            State::Open => open,
            State::HalfOpen => half_open,
            State::Recovering => recovering,
        }
    }

    /// What its circuit breaker does, an operator's word included.
    pub(super) fn circuit(&self) -> State {
        match (self.state.breaker.get(), &self.settings.breaker) {
            (BreakerState::Open, _) => State::Open,
            (BreakerState::Closed, _) | (BreakerState::Configured, None) => State::Closed,
            (BreakerState::Configured, Some(_)) => self.state.circuit.state(clock::now()),
        }
    }

    /// A permit that nothing came of.
    pub(crate) fn give_back(&self, permit: Option<Permit>) {
        if let Some((permit, terms)) = permit.zip(self.settings.breaker.as_ref()) {
            let _ = { &self.state.circuit }.done(permit, Outcome::Unknown, terms, clock::now());
        }
    }

    /// The balancer's choice among the targets of a subset that are available and not in `tried`, for what keeps the request at one target where anything does. When
    /// none is available, an untried one is asked all the same: a wrong verdict must not take a whole service away. An operator's
    /// verdict is never wrong: a target that is drained or disabled is not chosen.
    pub(crate) fn pick(&self, subset: Subset, tried: &[SocketAddr], key: Option<u64>) -> Option<Arc<Target>> {
        self.next(subset, tried, key, Balancer::take)
    }

    /// The target that [`Pool::pick`] would name. No turn is used up.
    pub(crate) fn peek(&self, subset: Subset, tried: &[SocketAddr], key: Option<u64>) -> Option<Arc<Target>> {
        self.next(subset, tried, key, Balancer::peek)
    }

    fn next(
        &self,
        subset: Subset,
        tried: &[SocketAddr],
        key: Option<u64>,
        turn: impl Fn(&Balancer) -> Turn,
    ) -> Option<Arc<Target>> {
        let request = Request {
            tried,
            key,
            all_in_flight: self.state.load.in_flight(),
            slow_start: self.settings.slow_start,
            most_per_target: self.settings.most_per_target,
        };
        self.rotation.load().of(subset).choose(&request, turn)
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
    pub(crate) fn has_another(&self, subset: Subset, tried: &[SocketAddr]) -> bool {
        let rotation = self.rotation.load();
        let mut targets = rotation.of(subset).targets.iter();
        targets.any(|target| target.admits(Client::New) && !tried.contains(&target.address))
    }

    /// Whether what is open at a target may stay there.
    pub(crate) fn keeps(&self, address: SocketAddr) -> bool {
        let rotation = self.rotation.load();
        let target = rotation.targets.iter().find(|target| target.address == address);
        target.is_some_and(|target| !matches!(target.placement.get(), Placement::Drain | Placement::Disable))
    }

    /// How many targets are known.
    pub(crate) fn len(&self) -> usize {
        self.rotation.load().targets.len()
    }
}

#[cfg(test)]
mod tests;
