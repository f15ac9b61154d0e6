//! An upstream as the configuration has it.

use super::{Labels, RoomSettings};
use crate::tls::IdentitySettings;
use edge_config::Records;
use edge_policy::{
    balance::{Method, RingKey, Thresholds},
    breaker, outlier,
    retry::Statuses,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// A target as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetSpec {
    /// `host:port`; a name may stand for many addresses. Of services the name alone.
    pub(crate) address: String,
    /// Its share of the traffic, where its records do not say.
    pub(crate) weight: u32,
    /// What the configuration writes on it.
    pub(crate) labels: Arc<Labels>,
    /// What a name is looked up for.
    pub(crate) records: Records,
    /// The name in its certificate; empty without TLS.
    pub(crate) server_name: Arc<str>,
}

impl TargetSpec {
    /// The address, where it is no name.
    pub(crate) fn literal(&self) -> Option<SocketAddr> {
        self.address.parse().ok()
    }

    /// Whether it has to be looked up.
    pub(crate) fn is_name(&self) -> bool {
        self.literal().is_none()
    }

    /// One without anything but its address.
    #[cfg(test)]
    pub(crate) fn plain(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            weight: 1,
            labels: Arc::default(),
            records: Records::default(),
            server_name: Arc::default(),
        }
    }
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

/// When targets are left alone for what requests show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutlierSettings {
    /// When.
    pub(crate) terms: outlier::Terms,
    /// For how long the first time.
    pub(crate) eject_for: Duration,
    /// Most at a time, a share of 1.
    pub(crate) max_ejected: f32,
}

/// An upstream as the configuration has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PoolSettings {
    /// Its targets.
    pub(crate) specs: Vec<TargetSpec>,
    /// Longest from one look-up of their names to the next.
    pub(crate) refresh: Duration,
    /// Whom to ask for names; the system's name servers if there are none.
    pub(crate) servers: Vec<SocketAddr>,
    /// Labels by which routes choose among the targets, each once.
    pub(crate) subsets: Vec<Labels>,
    /// How they are probed, if at all.
    pub(crate) health: Option<HealthSettings>,
    /// How one is chosen.
    pub(crate) method: Method,
    /// What keeps a request at one, where the method does.
    pub(crate) ring_key: RingKey,
    /// How long one that is new or back warms up; zero: not at all.
    pub(crate) slow_start: Duration,
    /// When one is left alone.
    pub(crate) outlier: Option<OutlierSettings>,
    /// Statuses that are a target's failures.
    pub(crate) failures: Statuses,
    /// When all are left alone.
    pub(crate) breaker: Option<breaker::Terms>,
    /// Requests under way to one target at which it gets no more.
    pub(crate) most_per_target: u32,
    /// How many requests it gets at a time.
    pub(crate) room: Option<RoomSettings>,
    /// How TLS is spoken with it, if at all.
    pub(crate) tls: Option<IdentitySettings>,
}

#[cfg(test)]
impl Default for PoolSettings {
    /// No targets, and nothing but turns.
    fn default() -> Self {
        Self {
            specs: Vec::new(),
            refresh: Duration::from_secs(10),
            servers: Vec::new(),
            subsets: Vec::new(),
            health: None,
            method: Method::RoundRobin,
            ring_key: RingKey::ClientIp,
            slow_start: Duration::ZERO,
            outlier: None,
            failures: Statuses::default(),
            breaker: None,
            most_per_target: u32::MAX,
            room: None,
            tls: None,
        }
    }
}
