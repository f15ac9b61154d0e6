//! One address that an upstream's requests may go to, and what is known of its health.

use edge_policy::balance::{Health, Thresholds};
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// How long a target that refused a connection is left alone, unless a health check finds it well before.
const EJECTED_FOR: Duration = Duration::from_secs(2);

/// One resolved address with its health. Every field is an atomic: requests read it, probes write it.
#[derive(Debug)]
pub(crate) struct Target {
    /// As the configuration names it, `host:port`. Never shown to clients.
    pub(crate) name: Box<str>,
    /// Where to connect.
    pub(crate) address: SocketAddr,
    /// The same as text: what the affinity cookie's MAC is made of.
    pub(crate) address_text: Box<str>,
    /// Its share of the traffic, at least 1.
    pub(crate) weight: u32,
    health: Health,
    /// Start of this target's clock; `ejected_until_ms` counts from here, 0 means not ejected.
    born: Instant,
    ejected_until_ms: AtomicU64,
}

impl Target {
    /// A target that counts as healthy until a probe or a request shows otherwise.
    pub(crate) fn new(name: &str, address: SocketAddr, weight: u32, thresholds: Thresholds) -> Self {
        Self {
            name: name.into(),
            address,
            address_text: address.to_string().into(),
            weight: weight.max(1),
            health: Health::new(thresholds),
            born: Instant::now(),
            ejected_until_ms: AtomicU64::new(0),
        }
    }

    fn clock_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether requests should go here.
    pub(crate) fn is_available(&self) -> bool {
        if !self.health.is_healthy() {
            return false;
        }
        let until = self.ejected_until_ms.load(Relaxed);
        // The clock is read only for the few targets that failed of late.
        until == 0 || self.clock_ms() >= until
    }

    /// A connection to it failed: spare the next requests the same wait.
    pub(crate) fn eject(&self) {
        let until = self.clock_ms() + u64::try_from(EJECTED_FOR.as_millis()).unwrap_or(u64::MAX);
        self.ejected_until_ms.store(until.max(1), Relaxed);
    }

    /// Records an active probe; tells the new verdict if it changed.
    pub(crate) fn probed(&self, ok: bool) -> Option<bool> {
        if ok {
            self.ejected_until_ms.store(0, Relaxed);
        }
        self.health.observe(ok)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_refused_connection_ejects_until_a_probe_succeeds() {
        let thresholds = Thresholds {
            healthy: 1,
            unhealthy: 2,
        };
        let target = Target::new("t", "127.0.0.1:1".parse().unwrap(), 0, thresholds);
        assert_eq!(target.weight, 1);
        target.eject();
        assert!(!target.is_available());
        target.probed(true);
        assert!(target.is_available());
    }
}
