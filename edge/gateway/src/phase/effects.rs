//! What deciding does beside deciding: it counts, charges, waits, takes turns. [`Serving`] does all of it; `edge explain` asks
//! the same phases with effects that only look. There is one copy of every decision for both.

use super::identify::identify;
use crate::{
    edge::Edge,
    generation::{Gate, Route},
    store::{Charge, Quota},
    upstream::{Crowded, Pool, Sessions, Slot, Subset, Target},
};
use edge_policy::{
    breaker::{Permit, Refusal},
    cors::Fields,
    csrf::{Mode, Site},
    identity::{Identity, Token},
    path::PathError,
    rate_limit::Spared,
    shed::Level,
};
use shared_contracts::Code;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The effects of deciding. Generic and never `dyn`: a request pays nothing for what `edge explain` needs.
pub(crate) trait Effects: Sync {
    /// Counts a request of this client, and tells whether it sends more than `most` a second.
    fn is_flood(&self, client: IpAddr, most: isize) -> bool;

    /// Judges a token, and waits a little for a key that is not known yet.
    fn identity(&self, gate: &Gate, token: Token<'_, '_>, client: IpAddr) -> impl Future<Output = Identity> + Send;

    /// Charges one request to the quota that has this key.
    fn charge(&self, quota: &Quota, key: &str) -> impl Future<Output = Charge> + Send;

    /// Whether a quota's refusal is remembered.
    fn is_refused(&self, quota: &Quota, key: &str) -> bool;

    /// A caller is refused for who it is.
    fn refused(&self);

    /// Another site's page is behind a request, and may not.
    fn is_foreign(&self, route: &Route);

    /// Takes room at an upstream, and waits a moment for it.
    fn enter(&self, pool: &Arc<Pool>, level: Level) -> impl Future<Output = Result<Option<Slot>, Crowded>> + Send;

    /// Asks an upstream's breaker for leave.
    fn leave(&self, pool: &Pool) -> Result<Option<Permit>, Refusal>;

    /// The next target for a client that was not tried.
    fn next(&self, pool: &Pool, subset: Subset, tried: &[SocketAddr], key: u64) -> Option<Arc<Target>>;

    /// The target in which a session was opened.
    fn session(&self, sessions: &Sessions, id: &str) -> Option<SocketAddr>;

    /// Something was found out. Whoever serves has no use for it.
    fn note(&mut self, _: Note<'_>) {}
}

/// What a phase found out on its way to a decision.
pub(crate) enum Note<'n> {
    /// The path has no normal form.
    BadPath(PathError),
    /// The route.
    Route(&'n Route),
    /// Where a request without TLS is sent.
    Redirect(&'n str),
    /// The fields that answer a preflight.
    Preflight(&'n Fields),
    /// The body's length, where the head tells it; the route bounds it.
    Length(Option<u64>, &'n Route),
    /// Whether the client sends far too many requests.
    Flood(bool),
    /// Who asks, and by which token.
    Identity(Option<Token<'n, 'n>>, &'n Identity),
    /// Whose page is behind it; the route says who may.
    SameSite(Site, &'n Route),
    /// A quota, the subject it is counted by, and what it says; or why it does not count this request.
    Quota(&'n Quota, Result<(&'n str, &'n Charge), &'n Spared<'n>>),
    /// Whether such a caller may use the route.
    Access(Option<Code>, &'n Route),
}

/// The effects of a request that renews a kept answer. The client's request that it stands for was counted and charged already.
pub(crate) struct Refreshing<'e>(pub(crate) &'e Edge);

impl Effects for Refreshing<'_> {
    fn is_flood(&self, _: IpAddr, _: isize) -> bool {
        false
    }

    async fn identity(&self, gate: &Gate, token: Token<'_, '_>, client: IpAddr) -> Identity {
        identify(self.0, gate, token, client).await
    }

    async fn charge(&self, _: &Quota, _: &str) -> Charge {
        Charge::Uncounted
    }

    fn is_refused(&self, _: &Quota, _: &str) -> bool {
        false
    }

    fn refused(&self) {}

    fn is_foreign(&self, _: &Route) {}

    async fn enter(&self, pool: &Arc<Pool>, level: Level) -> Result<Option<Slot>, Crowded> {
        Serving(self.0).enter(pool, level).await
    }

    fn leave(&self, pool: &Pool) -> Result<Option<Permit>, Refusal> {
        Serving(self.0).leave(pool)
    }

    fn next(&self, pool: &Pool, subset: Subset, tried: &[SocketAddr], key: u64) -> Option<Arc<Target>> {
        Serving(self.0).next(pool, subset, tried, key)
    }

    fn session(&self, sessions: &Sessions, id: &str) -> Option<SocketAddr> {
        Serving(self.0).session(sessions, id)
    }
}

/// The effects of a request that is served.
pub(crate) struct Serving<'e>(pub(crate) &'e Edge);

impl Effects for Serving<'_> {
    fn is_flood(&self, client: IpAddr, most: isize) -> bool {
        let flood = self.0.flood.is_flood(client, most);
        if flood {
            self.0.metrics.floods.add();
        }
        flood
    }

    async fn identity(&self, gate: &Gate, token: Token<'_, '_>, client: IpAddr) -> Identity {
        identify(self.0, gate, token, client).await
    }

    async fn charge(&self, quota: &Quota, key: &str) -> Charge {
        self.0.quotas.charge(quota, key).await
    }

    fn is_refused(&self, quota: &Quota, key: &str) -> bool {
        self.0.quotas.refuses(quota, key).is_some()
    }

    fn refused(&self) {
        self.0.metrics.tokens_refused.add();
    }

    fn is_foreign(&self, route: &Route) {
        match route.csrf.mode {
            Mode::Report => self.0.metrics.cross_site_reported.add(),
            Mode::Enforce | Mode::Off => self.0.metrics.cross_site_refused.add(),
        }
    }

    async fn enter(&self, pool: &Arc<Pool>, level: Level) -> Result<Option<Slot>, Crowded> {
        pool.enter(level).await
    }

    fn leave(&self, pool: &Pool) -> Result<Option<Permit>, Refusal> {
        pool.admit()
    }

    fn next(&self, pool: &Pool, subset: Subset, tried: &[SocketAddr], key: u64) -> Option<Arc<Target>> {
        pool.pick(subset, tried, Some(key))
    }

    fn session(&self, sessions: &Sessions, id: &str) -> Option<SocketAddr> {
        sessions.find(id)
    }
}
