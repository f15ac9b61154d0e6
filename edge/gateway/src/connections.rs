//! How many connections one client, and all clients together, may hold.
//!
//! Pingora's `ConnectionFilter` learns of a connection's begin and not of its end, so the count is kept where a
//! connection is served: see [`crate::front`].

use crate::metrics::Metrics;
use edge_policy::{client_ip::subscriber, wire::Fault};
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

    /// Counts a new connection, or refuses it. Whose it is may show later: see [`ConnectionGuard::belongs_to`].
    pub(crate) fn enter(self: &Arc<Self>) -> Option<ConnectionGuard> {
        if self.metrics.connections.get() >= self.total {
            self.metrics.connections_refused.add();
            tracing::debug!("connection refused: too many");
            return None;
        }
        self.metrics.connections.enter();
        Some(ConnectionGuard {
            connections: Arc::clone(self),
            client: None,
        })
    }
}

/// One counted connection.
pub(crate) struct ConnectionGuard {
    connections: Arc<Connections>,
    client: Option<IpAddr>,
}

impl ConnectionGuard {
    /// Counts it as this client's, or refuses it.
    pub(crate) fn belongs_to(mut self, address: IpAddr) -> Option<Self> {
        let client = subscriber(address);
        let connections = &self.connections;
        let mut shard = connections.shard(client).lock().unwrap_or_else(PoisonError::into_inner);
        let held = shard.entry(client).or_default();
        if *held >= connections.per_client {
            drop(shard);
            connections.metrics.connections_refused.add();
            tracing::debug!(%address, "connection refused: the client has too many");
            return None;
        }
        *held += 1;
        drop(shard);
        self.client = Some(client);
        Some(self)
    }

    /// The client is cut off.
    pub(crate) fn cut(&self, fault: Fault) {
        self.connections.metrics.cut(fault);
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.connections.metrics.connections.leave();
        let Some(client) = self.client else { return };
        let mut shard = self
            .connections
            .shard(client)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = shard.get_mut(&client) {
            *held -= 1;
            if *held == 0 {
                shard.remove(&client);
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
        let enter = |address| connections.enter()?.belongs_to(address);
        let first = enter(a).unwrap();
        let _second = enter(a).unwrap();
        assert!(enter(a).is_none(), "its share is used up");
        let _other = enter(b).unwrap();
        assert!(enter(b).is_none(), "all are used up");
        drop(first);
        assert!(enter(a).is_some());
        let unknown = connections.enter().unwrap();
        assert!(connections.enter().is_none(), "who is not known yet counts too");
        drop(unknown);
        assert_eq!(metrics.connections_refused.get(), 3);
    }
}
