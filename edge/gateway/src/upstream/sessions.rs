//! Which target opened which Engine.IO session: for clients that keep no cookies.

use moka::sync::Cache;
use std::{net::SocketAddr, time::Duration};

/// A polling client asks at least every ping interval and its timeout, 45 s by default.
const IDLE: Duration = Duration::from_secs(120);
/// Most sessions remembered; beyond it those seldom asked for go.
const CAPACITY: u64 = 200_000;

/// Sessions as this edge saw them open; all routes of an upstream share them. Another edge does not know them; cookies are valid on all.
pub(crate) struct Sessions {
    targets: Cache<String, SocketAddr>,
}

impl Default for Sessions {
    fn default() -> Self {
        let targets = Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build();
        Self { targets }
    }
}

impl Sessions {
    /// Remembers where a session is.
    pub(crate) fn learn(&self, session: &str, target: SocketAddr) {
        self.targets.insert(session.to_owned(), target);
    }

    /// Where a session is.
    pub(crate) fn find(&self, session: &str) -> Option<SocketAddr> {
        self.targets.get(session)
    }

    /// The same, for those who only want to know: the session does not live longer by it. Looks at all there are.
    pub(crate) fn peek(&self, session: &str) -> Option<SocketAddr> {
        let found = self.targets.iter().find(|(known, _)| known.as_str() == session);
        found.map(|(_, target)| target)
    }
}
