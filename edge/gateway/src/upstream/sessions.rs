//! Which target opened which Engine.IO session: for clients that keep no cookies.

use moka::sync::Cache;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// A polling client asks at least every ping interval and its timeout, 45 s by default.
const IDLE: Duration = Duration::from_secs(120);
/// Most sessions remembered; beyond it those seldom asked for go.
const CAPACITY: u64 = 200_000;

/// One that is still asked for is told to other edges this often.
const TOLD_EVERY: Duration = Duration::from_secs(120);

/// Sessions as this edge saw them open, or was told of; all routes of an upstream share them.
pub(crate) struct Sessions {
    targets: Cache<String, Known>,
}

#[derive(Clone, Copy)]
struct Known {
    target: SocketAddr,
    /// When other edges heard of it last.
    told: Instant,
}

impl Default for Sessions {
    fn default() -> Self {
        let targets = Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build();
        Self { targets }
    }
}

impl Sessions {
    /// Remembers where a session is. Other edges know it too.
    pub(crate) fn learn(&self, session: &str, target: SocketAddr) {
        let known = Known {
            target,
            told: Instant::now(),
        };
        self.targets.insert(session.to_owned(), known);
    }

    /// Where a session is.
    pub(crate) fn find(&self, session: &str) -> Option<SocketAddr> {
        self.targets.get(session).map(|known| known.target)
    }

    /// Where a session is, if other edges should hear of it again. It counts as told from now on.
    pub(crate) fn is_due(&self, session: &str) -> Option<SocketAddr> {
        let known = self.targets.get(session)?;
        let is_due = known.told.elapsed() >= TOLD_EVERY;
        is_due.then(|| self.learn(session, known.target));
        is_due.then_some(known.target)
    }

    /// The same, for those who only want to know: the session does not live longer by it. Looks at all there are.
    pub(crate) fn peek(&self, session: &str) -> Option<SocketAddr> {
        let found = self.targets.iter().find(|(known, _)| known.as_str() == session);
        found.map(|(_, known)| known.target)
    }
}
