//! What an origin has seen.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Connections open now.
    pub open: u64,
    /// Requests, failed ones included.
    pub requests: u64,
    /// Requests that carried a user (`x-user-id`).
    pub with_user: u64,
}

/// The same, while it is counted.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    connections: AtomicU64,
    closed: AtomicU64,
    requests: AtomicU64,
    with_user: AtomicU64,
}

/// An open connection.
pub(crate) struct Opened<'a>(&'a Stats);

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Relaxed);
    }
}

impl Stats {
    /// A connection came; it counts as open until the guard goes.
    pub(crate) fn opened(&self) -> Opened<'_> {
        self.connections.fetch_add(1, Relaxed);
        Opened(self)
    }

    /// A request came.
    pub(crate) fn request(&self, with_user: bool) {
        self.requests.fetch_add(1, Relaxed);
        if with_user {
            self.with_user.fetch_add(1, Relaxed);
        }
    }

    /// So far.
    pub(crate) fn counts(&self) -> Counts {
        // Read before `connections`, so that `open` is never negative.
        let closed = self.closed.load(Relaxed);
        let connections = self.connections.load(Relaxed);
        Counts {
            connections,
            open: connections.saturating_sub(closed),
            requests: self.requests.load(Relaxed),
            with_user: self.with_user.load(Relaxed),
        }
    }
}
