//! What the edge counts: plain atomics, found once when a generation is built and then touched without a look-up or a lock.

mod cells;
mod render;

pub(crate) use cells::{CacheCells, CompressionCells, Counter, Gauge, LimitCells, RouteCells, UpstreamCells};
pub(crate) use render::{CONTENT_TYPE, Page};

use crate::reload::Verdict;
use chrono::Utc;
use edge_policy::wire::Fault;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Cells by name. They outlive the generations that use them, so that counters never fall on a reload.
type Family<T> = Mutex<BTreeMap<String, Arc<T>>>;

/// What can be wrong with a client's bytes, and how it is called.
const FAULTS: [(Fault, &str); 4] = [
    (Fault::Ambiguous, "malformed"),
    (Fault::TooLarge, "too_large"),
    (Fault::TooSlow, "too_slow"),
    (Fault::Flood, "flood"),
];

/// Everything the edge counts.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    routes: Family<RouteCells>,
    upstreams: Family<UpstreamCells>,
    limits: Family<LimitCells>,
    /// Requests that are being answered, streams included.
    pub(crate) in_flight: Gauge,
    /// Of these, event streams, sockets and long polls.
    pub(crate) streams: Gauge,
    /// Open client connections.
    pub(crate) connections: Gauge,
    /// Connections refused because the client, or all clients, hold too many.
    pub(crate) connections_refused: Counter,
    /// TLS handshakes with clients.
    pub(crate) handshakes: Counter,
    /// Those of them that went on with a session of before.
    pub(crate) handshakes_resumed: Counter,
    /// TLS handshakes that led nowhere.
    pub(crate) handshakes_failed: Counter,
    /// Clients cut off because of their bytes, by what was wrong with them.
    clients_cut: [Counter; FAULTS.len()],
    /// Requests refused by the flood guard.
    pub(crate) floods: Counter,
    /// Calls to the quota store that failed or took too long.
    pub(crate) quota_store_failures: Counter,
    /// Calls that borrowed tokens of leased quotas, for any number of keys each.
    pub(crate) lease_calls: Counter,
    /// Requests refused, as another site's page was behind them.
    pub(crate) cross_site_refused: Counter,
    /// The same where the route only reports them.
    pub(crate) cross_site_reported: Counter,
    /// Tokens refused.
    pub(crate) tokens_refused: Counter,
    /// Tokens that were not known and had to be judged, a signature each.
    pub(crate) tokens_judged: Counter,
    /// Tokens refused unread, because too many of their client's were bad.
    pub(crate) tokens_unread: Counter,
    /// Failed attempts to fetch the key set.
    pub(crate) jwks_failures: Counter,
    /// Answers that the edge compressed.
    pub(crate) compression: Arc<CompressionCells>,
    /// What the cache did.
    pub(crate) cache: Arc<CacheCells>,
    /// Lines left out of the access log because nobody reads it.
    pub(crate) access_log_dropped: Counter,
    /// Number of the generation in use.
    generation: Gauge,
    /// Reloads by what became of them.
    reloads: [Counter; Verdict::ALL.len()],
    /// Whether the last one succeeded.
    last_reload_successful: Gauge,
    /// When the last one that did, seconds since the Unix epoch.
    last_reload_success: Gauge,
}

fn named<T: Default>(family: &Family<T>, name: &str) -> Arc<T> {
    let mut family = family.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(family.entry(name.to_owned()).or_default())
}

impl Metrics {
    /// A generation serves.
    pub(crate) fn serves(&self, generation: u64) {
        self.generation.set(i64::try_from(generation).unwrap_or(i64::MAX));
        self.last_reload_successful.set(1);
        self.last_reload_success.set(Utc::now().timestamp());
    }

    /// A reload is over.
    pub(crate) fn reloaded(&self, verdict: Verdict, at: i64) {
        let cells = Verdict::ALL.iter().zip(&self.reloads);
        cells
            .filter(|(known, _)| **known == verdict)
            .for_each(|(_, cell)| cell.add());
        self.last_reload_successful.set(i64::from(verdict != Verdict::Refused));
        if verdict != Verdict::Refused {
            self.last_reload_success.set(at);
        }
    }

    /// A client is cut off.
    pub(crate) fn cut(&self, fault: Fault) {
        let cells = FAULTS.iter().zip(&self.clients_cut);
        cells
            .filter(|(known, _)| known.0 == fault)
            .for_each(|(_, cell)| cell.add());
    }

    /// The cells of a route.
    pub(crate) fn route(&self, name: &str) -> Arc<RouteCells> {
        named(&self.routes, name)
    }

    /// The cells of an upstream.
    pub(crate) fn upstream(&self, name: &str) -> Arc<UpstreamCells> {
        named(&self.upstreams, name)
    }

    /// The cells of a quota.
    pub(crate) fn limit(&self, name: &str) -> Arc<LimitCells> {
        named(&self.limits, name)
    }
}
