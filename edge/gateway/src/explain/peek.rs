//! The effects of an explanation: it looks at what serving would change, changes nothing, and keeps what it is told.

use super::{book::Book, stage};
use crate::{
    edge::Edge,
    phase::{Effects, Note, admit},
    store::{Charge, Issuer, Quota},
    upstream::{Pool, Sessions, Target},
};
use edge_policy::{
    breaker::{Permit, Refusal},
    identity::Identity,
    path::PathError,
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// What is assumed of a token that cannot be checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Assume {
    /// It is what it says it is.
    #[default]
    Token,
    /// It is a user's, whatever it says.
    User,
    /// It is not there.
    Anonymous,
}

/// What an explanation may look at.
#[derive(Clone, Copy)]
pub(crate) enum World<'w> {
    /// A running edge.
    Running(&'w Edge),
    /// A configuration and nothing else: no keys, no counts, no health.
    Offline(Assume),
}

impl World<'_> {
    /// Whether an edge is running.
    pub(super) fn is_running(self) -> bool {
        matches!(self, Self::Running(_))
    }
}

/// Looks on.
pub(super) struct Peek<'p> {
    pub(super) world: World<'p>,
    pub(super) book: Book<'p>,
    /// The route's key in the configuration, once it is known.
    pub(super) route: String,
    /// Whether it looks at no token.
    pub(super) is_public: bool,
    /// Why its path is refused.
    pub(super) bad_path: Option<PathError>,
}

impl Effects for Peek<'_> {
    fn is_flood(&self, client: IpAddr, most: isize) -> bool {
        match self.world {
            World::Running(edge) => edge.flood.would_be_flood(client, most),
            World::Offline(_) => false,
        }
    }

    async fn identity(&self, issuer: &Issuer, token: &str) -> Identity {
        match self.world {
            World::Running(_) => admit::judged(issuer, issuer.verifier.peek(token)),
            World::Offline(Assume::Anonymous) => Identity::Anonymous,
            World::Offline(Assume::Token) => admit::judged(issuer, issuer.verifier.unverified(token)),
            World::Offline(Assume::User) => {
                let claims = issuer.verifier.unverified(token);
                Identity::User(claims.unwrap_or_else(|_| Arc::new(stage::admit::somebody())))
            }
        }
    }

    async fn charge(&self, quota: &Quota, subject: &str) -> Charge {
        match self.world {
            World::Running(edge) => edge.quotas.peek(quota, subject).await,
            World::Offline(_) => Charge::Uncounted,
        }
    }

    fn refused(&self) {}

    fn leave(&self, pool: &Pool) -> Result<Option<Permit>, Refusal> {
        pool.peek_admit().map(|()| None)
    }

    fn next(&self, pool: &Pool, tried: &[SocketAddr], client: IpAddr) -> Option<Arc<Target>> {
        pool.peek(tried, Some(client))
    }

    fn session(&self, sessions: &Sessions, id: &str) -> Option<SocketAddr> {
        sessions.peek(id)
    }

    fn note(&mut self, note: Note<'_>) {
        match note {
            Note::BadPath(error) => self.bad_path = Some(error),
            Note::Route(route) => stage::route::found(self, route),
            Note::Preflight(fields) => stage::admit::preflight(self, fields),
            Note::Length(declared, route) => stage::admit::length(self, declared, route),
            Note::Flood(is_flood) => stage::admit::flood(self, is_flood),
            Note::Identity(token, identity) => stage::admit::identity(self, token, identity),
            Note::SameSite(verdict) => stage::admit::same_site(self, verdict),
            Note::Quota(quota, charge) => stage::admit::quota(self, quota, charge),
            Note::Access(refusal) => stage::admit::access(self, refusal),
        }
    }
}
