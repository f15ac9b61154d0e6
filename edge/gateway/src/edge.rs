//! What outlives a generation and is shared by everything: counters, stores, secrets, pooled connections.

use crate::{
    access_log::AccessLog,
    cache::Cache,
    generation::{Generation, Parts},
    handover::Handover,
    metrics::Metrics,
    overrides::Overrides,
    reload::{Board, Reloads},
    store::{Links, Quotas, SharedSessions},
    upstream::{Caller, Dialer},
};
use arc_swap::ArcSwap;
use edge_policy::{attempts::Attempts, client_ip::subscriber};
use http::HeaderValue;
use pingora_limits::rate::Rate;
use std::{net::IpAddr, sync::Arc, time::Duration};

/// Idle connections that tunnels and streams leave behind, over all targets.
const KEPT_CONNECTIONS: usize = 128;

/// The running edge.
pub(crate) struct Edge {
    /// What the configuration built; replaced as a whole.
    pub(crate) generation: ArcSwap<Generation>,
    /// What generations are built with.
    pub(crate) parts: Parts,
    /// What is known of reloads and of earlier generations.
    pub(crate) board: Board,
    /// Asks for reloads.
    pub(crate) reloads: Reloads,
    /// How another process takes over.
    pub(crate) handover: Handover,
    /// What operators say over the configuration.
    pub(crate) overrides: Overrides,
    /// Counters.
    pub(crate) metrics: Arc<Metrics>,
    /// A line for each request.
    pub(crate) access_log: AccessLog,
    /// What can be reached.
    pub(crate) links: Arc<Links>,
    /// Quotas.
    pub(crate) quotas: Quotas,
    /// Answers that are kept.
    pub(crate) cache: &'static Cache,
    /// Where sockets' sessions are.
    pub(crate) sessions: SharedSessions,
    /// The client of subgraph calls; it belongs to the proxy's runtime.
    pub(crate) caller: Caller,
    /// Connects tunnels and streams to services.
    pub(crate) dialer: Dialer,
    /// The edge's own `x-service-token`.
    pub(crate) service_token: Option<HeaderValue>,
    /// Who floods.
    pub(crate) flood: FloodGuard,
    /// Who shows tokens in vain.
    pub(crate) attempts: Attempts,
}

/// What an edge is made of.
pub(crate) struct Making {
    /// The first generation.
    pub(crate) generation: Arc<Generation>,
    /// What it and all later ones are built with.
    pub(crate) parts: Parts,
    /// What is known of reloads.
    pub(crate) board: Board,
    /// Asks for reloads.
    pub(crate) reloads: Reloads,
    /// How another process takes over.
    pub(crate) handover: Handover,
    /// Where operators' deeds are written down.
    pub(crate) overrides: Overrides,
    /// What can be reached.
    pub(crate) links: Arc<Links>,
    /// Quotas.
    pub(crate) quotas: Quotas,
    /// Where sockets' sessions are.
    pub(crate) sessions: SharedSessions,
    /// A line for each request.
    pub(crate) access_log: AccessLog,
    /// The edge's own `x-service-token`.
    pub(crate) service_token: Option<HeaderValue>,
}

impl Edge {
    /// An edge that serves its first generation.
    pub(crate) fn new(making: Making) -> Self {
        let metrics = Arc::clone(&making.parts.metrics);
        metrics.serves(making.generation.number);
        let identities = Arc::clone(&making.parts.identities);
        let max_size = making.generation.source.config.cache.max_size.0;
        Self {
            cache: Cache::leaked(max_size, Arc::clone(&metrics.cache)),
            generation: ArcSwap::new(making.generation),
            parts: making.parts,
            board: making.board,
            reloads: making.reloads,
            handover: making.handover,
            overrides: making.overrides,
            metrics,
            access_log: making.access_log,
            links: making.links,
            quotas: making.quotas,
            sessions: making.sessions,
            caller: Caller::new(&identities),
            dialer: Dialer::new(KEPT_CONNECTIONS, &identities),
            service_token: making.service_token,
            flood: FloodGuard::new(),
            attempts: Attempts::default(),
        }
    }

    /// Serves another generation from now on. Requests at work end with the one they began with, which goes with the last
    /// of them.
    pub(crate) fn serve(&self, generation: &Arc<Generation>) {
        let before = self.generation.swap(Arc::clone(generation));
        generation.take_over();
        if before.source.config.rate_limits != generation.source.config.rate_limits {
            self.quotas.forget();
        }
        self.metrics.serves(generation.number);
        self.parts.states.bell.ring();
    }
}

/// Counts requests by client over a second. A sketch counts them, so some are counted twice: it is never used for a quota.
pub(crate) struct FloodGuard(Rate);

impl FloodGuard {
    fn new() -> Self {
        Self(Rate::new(Duration::from_secs(1)))
    }

    /// Counts one request, and tells whether this client sends more than `most`.
    pub(crate) fn is_flood(&self, client: IpAddr, most: isize) -> bool {
        self.0.observe(&subscriber(client), 1) > most
    }

    /// Whether this client's next request would be one too many. It is not counted.
    pub(crate) fn would_be_flood(&self, client: IpAddr, most: isize) -> bool {
        self.0.observe(&subscriber(client), 0) + 1 > most
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_flood_is_its_sender_s_alone() {
        const MOST: isize = 500;
        let guard = FloodGuard::new();
        let (one, other) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        assert!(!(0..MOST).any(|_| guard.is_flood(one, MOST)));
        assert!(guard.would_be_flood(one, MOST) && !guard.would_be_flood(other, MOST));
        assert!(guard.is_flood(one, MOST));
        assert!(!guard.is_flood(other, MOST));
        let network = ["2001:db8::1", "2001:db8::ffff:1:2:3"].map(|address| address.parse().unwrap());
        assert!(
            (0..=MOST).any(|index| guard.is_flood(network[index.unsigned_abs() % 2], MOST)),
            "one network is one client"
        );
    }
}
