//! What is known of an upstream and its targets beyond one configuration: health, sessions, what operators said. A reload makes
//! new pools and finds these again, by the upstream's name and the target's address.

use super::{Sessions, clock, room::Room};
use crate::stay::Bell;
use edge_policy::{
    balance::{Affinity, Client, Health, Load, PlacementCell, Tag, Thresholds, Warmth},
    breaker,
    hedge::Hedges,
    outlier::Outlier,
    retry::Budget,
};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
};

/// The states of all upstreams. One lives for as long as a generation, or an operator's override, has use for it.
#[derive(Default)]
pub(crate) struct States {
    /// Calls what is open at targets.
    pub(crate) bell: Bell,
    upstreams: Mutex<HashMap<String, Weak<UpstreamState>>>,
}

impl States {
    /// The state of an upstream; a new one if nobody has any.
    pub(crate) fn upstream(&self, name: &str) -> Arc<UpstreamState> {
        let mut states = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = states.get(name).and_then(Weak::upgrade) {
            return state;
        }
        states.retain(|_, state| state.strong_count() > 0);
        let state = Arc::new(UpstreamState {
            bell: self.bell.clone(),
            ..UpstreamState::default()
        });
        states.insert(name.to_owned(), Arc::downgrade(&state));
        state
    }
}

/// What lasts of an upstream.
#[derive(Default)]
pub(crate) struct UpstreamState {
    /// Where sessions of clients without the cookie are.
    pub(crate) sessions: Sessions,
    /// What an operator says about its breaker.
    pub(crate) breaker: Breaker,
    /// The breaker itself.
    pub(crate) circuit: breaker::Breaker,
    /// How often requests were tried again.
    pub(crate) budget: Budget,
    /// How long those wait that may be hedged, and how often they were.
    pub(crate) hedges: Hedges,
    /// How busy all its targets are.
    pub(crate) load: Load,
    /// How many requests it gets at a time.
    pub(crate) room: Room,
    /// Calls what is open at its targets.
    pub(crate) bell: Bell,
    targets: Mutex<HashMap<SocketAddr, Weak<TargetState>>>,
}

impl UpstreamState {
    /// The state of a target; a new one if nobody has any.
    pub(crate) fn target(&self, address: SocketAddr) -> Arc<TargetState> {
        self.found(address).0
    }

    /// The same, and whether it is a new one.
    pub(crate) fn found(&self, address: SocketAddr) -> (Arc<TargetState>, bool) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = targets.get(&address).and_then(Weak::upgrade) {
            return (state, false);
        }
        targets.retain(|_, state| state.strong_count() > 0);
        let state = Arc::new(TargetState::new(address));
        targets.insert(address, Arc::downgrade(&state));
        (state, true)
    }
}

/// What lasts of a target. Requests read it, probes, operators and tries write it: every field is an atomic.
pub(crate) struct TargetState {
    /// Where to connect.
    pub(crate) address: SocketAddr,
    /// The same as text: what the affinity cookie's MAC is made of.
    pub(crate) address_text: Box<str>,
    tag: OnceLock<Tag>,
    /// What an operator says about it.
    pub(crate) placement: PlacementCell,
    /// How busy it is, and how fast.
    pub(crate) load: Load,
    /// What requests show of it.
    pub(crate) outlier: Outlier,
    /// Whether it is new or back.
    pub(crate) warmth: Warmth,
    health: Health,
}

impl TargetState {
    /// A target that counts as healthy until a probe or a request shows otherwise.
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            address_text: address.to_string().into(),
            tag: OnceLock::new(),
            placement: PlacementCell::default(),
            load: Load::default(),
            outlier: Outlier::default(),
            warmth: Warmth::default(),
            health: Health::default(),
        }
    }

    /// What the affinity cookie says in its place. An edge has one key, and an upstream is one of a kind: it is made once.
    pub(crate) fn tag(&self, affinity: &Affinity) -> Tag {
        *self.tag.get_or_init(|| affinity.tag(&self.address_text))
    }

    /// Whether it is well enough for requests.
    pub(crate) fn is_available(&self) -> bool {
        self.is_healthy() && self.outlier.ejection(clock::now).is_none()
    }

    /// Whether probes find it well.
    pub(crate) fn is_healthy(&self) -> bool {
        self.health.is_healthy()
    }

    /// Whether an operator lets such a client go there.
    pub(crate) fn admits(&self, client: Client) -> bool {
        self.placement.get().admits(client)
    }

    /// Records an active probe; tells the new verdict if it changed.
    pub(crate) fn probed(&self, ok: bool, thresholds: Thresholds) -> Option<bool> {
        let now = clock::now();
        let turned = self.health.observe(ok, thresholds);
        let recovered = turned == Some(true);
        let is_back = ok && self.outlier.readmit(recovered, now);
        if is_back || recovered {
            self.warmth.begin(now);
        }
        turned
    }

    /// Nobody probes it any more, so what probes found holds no longer.
    pub(crate) fn forget_probes(&self) {
        self.health.forget();
    }
}

/// A breaker as an operator sets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum BreakerState {
    /// The configuration holds.
    #[default]
    Configured,
    /// No request passes.
    Open,
    /// It never opens.
    Closed,
}

/// Whether requests are kept away from an upstream.
#[derive(Default)]
pub(crate) struct Breaker(AtomicU8);

impl Breaker {
    /// What an operator says.
    pub(crate) fn get(&self) -> BreakerState {
        match self.0.load(Relaxed) {
            1 => BreakerState::Open,
            2 => BreakerState::Closed,
            _ => BreakerState::Configured,
        }
    }

    /// Says something else.
    pub(crate) fn set(&self, state: BreakerState) {
        let value = match state {
            BreakerState::Configured => 0,
            BreakerState::Open => 1,
            BreakerState::Closed => 2,
        };
        self.0.store(value, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use edge_policy::outlier::Why;
    use std::time::Duration;

    const THRESHOLDS: Thresholds = Thresholds {
        healthy: 1,
        unhealthy: 2,
    };

    #[test]
    fn a_refused_connection_ejects_until_a_probe_succeeds() {
        let target = TargetState::new("127.0.0.1:1".parse().unwrap());
        target
            .outlier
            .eject(Why::Unreachable, Duration::from_secs(9), 0.0, clock::now());
        assert!(!target.is_available());
        target.probed(true, THRESHOLDS);
        assert!(target.is_available());
    }

    #[test]
    fn states_are_found_again_while_somebody_holds_them() {
        let states = States::default();
        let address = "127.0.0.1:1".parse().unwrap();
        let upstream = states.upstream("a");
        let target = upstream.target(address);
        target.probed(false, THRESHOLDS);
        assert!(!states.upstream("a").target(address).is_available());
        assert!(
            states.upstream("b").target(address).is_available(),
            "another upstream's"
        );
        drop(target);
        assert!(upstream.target(address).is_available(), "nobody held it");
        upstream.breaker.set(BreakerState::Open);
        drop(upstream);
        assert!(states.upstream("a").breaker.get() != BreakerState::Open);
    }
}
