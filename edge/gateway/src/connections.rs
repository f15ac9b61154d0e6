//! How many connections one client, and all clients together, may hold.
//!
//! Pingora's `ConnectionFilter` learns of a connection's begin and not of its end, so the count is kept where a
//! connection is served: see [`crate::front`].

use crate::metrics::Metrics;
use edge_policy::client_ip::subscriber;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

const SHARDS: usize = 32;

/// Open connections by client.
pub(crate) struct Connections {
    metrics: Arc<Metrics>,
    total: i64,
    per_client: u32,
    hasher: RandomState,
    shards: [Mutex<HashMap<IpAddr, u32>>; SHARDS],
}

impl Connections {
    /// At most `total` connections, `per_client` of them from one client.
    pub(crate) fn new(total: usize, per_client: usize, metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            total: i64::try_from(total).unwrap_or(i64::MAX),
            per_client: u32::try_from(per_client).unwrap_or(u32::MAX),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    fn shard(&self, client: IpAddr) -> &Mutex<HashMap<IpAddr, u32>> {
        &self.shards[self.hasher.hash_one(client) as usize % SHARDS]
    }

    /// Counts a new connection, or refuses it.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<ConnectionGuard> {
        let client = subscriber(address);
        let refused = || {
            self.metrics.connections_refused.add();
            tracing::debug!(%address, "connection refused: too many");
            None
        };
        if self.metrics.connections.get() >= self.total {
            return refused();
        }
        {
            let mut shard = self.shard(client).lock().unwrap_or_else(PoisonError::into_inner);
            let held = shard.entry(client).or_default();
            if *held >= self.per_client {
                drop(shard);
                return refused();
            }
            *held += 1;
        }
        self.metrics.connections.enter();
        Some(ConnectionGuard {
            connections: Arc::clone(self),
            client,
        })
    }
}

/// One counted connection.
pub(crate) struct ConnectionGuard {
    connections: Arc<Connections>,
    client: IpAddr,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.connections.metrics.connections.leave();
        let mut shard = self
            .connections
            .shard(self.client)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = shard.get_mut(&self.client) {
            *held -= 1;
            if *held == 0 {
                shard.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_client_holds_no_more_than_its_share() {
        let metrics = Arc::<Metrics>::default();
        let connections = Arc::new(Connections::new(3, 2, Arc::clone(&metrics)));
        let (a, b) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let first = connections.enter(a).unwrap();
        let _second = connections.enter(a).unwrap();
        assert!(connections.enter(a).is_none(), "its share is used up");
        let _other = connections.enter(b).unwrap();
        assert!(connections.enter(b).is_none(), "all are used up");
        drop(first);
        assert!(connections.enter(a).is_some());
        assert_eq!(metrics.connections_refused.get(), 2);
    }
}
