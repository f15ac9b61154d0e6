//! The effects of an explanation: it looks at what serving would change, changes nothing, and keeps what it is told.

use super::{book::Book, stage};
use crate::{
    edge::Edge,
    generation::{Gate, Route},
    phase::{
        Effects, Note,
        identify::{believe, look},
    },
    store::{Charge, Quota},
    upstream::{Crowded, Outlook, Pool, Sessions, Slot, Subset, Target},
};
use edge_config::HIDDEN;
use edge_policy::{
    breaker::{Permit, Refusal},
    identity::{Identity, Token, masked},
    path::PathError,
    shed::Level,
};
use pingora_http::RequestHeader;
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
    /// Query parameters that may hold a token: never shown.
    pub(super) parameters: Vec<String>,
    /// Why its path is refused.
    pub(super) bad_path: Option<PathError>,
}

impl Peek<'_> {
    /// A target as it may be shown.
    pub(super) fn shown(&self, target: &str) -> String {
        masked(target, &self.parameters.iter().map(String::as_str), HIDDEN)
    }

    /// A head's path and query, as they may be shown.
    pub(super) fn target_of(&self, head: &RequestHeader) -> String {
        self.shown(&String::from_utf8_lossy(head.raw_path()))
    }
}

impl Effects for Peek<'_> {
    fn is_flood(&self, client: IpAddr, most: isize) -> bool {
        match self.world {
            World::Running(edge) => edge.flood.would_be_flood(client, most),
            World::Offline(_) => false,
        }
    }

    async fn identity(&self, gate: &Gate, token: Token<'_, '_>, client: IpAddr) -> Identity {
        match self.world {
            World::Running(edge) => look(edge, gate, token, client),
            World::Offline(Assume::Anonymous) => Identity::Anonymous,
            World::Offline(Assume::Token) => believe(gate, token),
            World::Offline(Assume::User) => match believe(gate, token) {
                user @ Identity::User(_) => user,
                _ => Identity::User(Arc::new(stage::admit::somebody())),
            },
        }
    }

    async fn charge(&self, quota: &Quota, key: &str) -> Charge {
        match self.world {
            World::Running(edge) => edge.quotas.peek(quota, key).await,
            World::Offline(_) => Charge::Uncounted,
        }
    }

    fn is_refused(&self, quota: &Quota, key: &str) -> bool {
        match self.world {
            World::Running(edge) => edge.quotas.refuses(quota, key).is_some(),
            World::Offline(_) => false,
        }
    }

    fn refused(&self) {}

    fn is_foreign(&self, _: &Route) {}

    async fn enter(&self, pool: &Arc<Pool>, level: Level) -> Result<Option<Slot>, Crowded> {
        match pool.outlook(level) {
            Outlook::Free | Outlook::Waits(_) => Ok(None),
            Outlook::Refused => Err(Crowded),
        }
    }

    fn leave(&self, pool: &Pool) -> Result<Option<Permit>, Refusal> {
        pool.peek_admit().map(|()| None)
    }

    fn next(&self, pool: &Pool, subset: Subset, tried: &[SocketAddr], key: u64) -> Option<Arc<Target>> {
        pool.peek(subset, tried, Some(key))
    }

    fn session(&self, sessions: &Sessions, id: &str) -> Option<SocketAddr> {
        sessions.peek(id)
    }

    fn note(&mut self, note: Note<'_>) {
        match note {
            Note::BadPath(error) => self.bad_path = Some(error),
            Note::Route(route) => stage::route::found(self, route),
            Note::Redirect(location) => stage::arrive::redirect(self, location),
            Note::Preflight(fields) => stage::admit::preflight(self, fields),
            Note::Length(declared, route) => stage::admit::length(self, declared, route),
            Note::Flood(is_flood) => stage::admit::flood(self, is_flood),
            Note::Identity(token, identity) => stage::admit::identity(self, token, identity),
            Note::SameSite(site, route) => stage::admit::same_site(self, site, route),
            Note::Quota(quota, charge) => stage::admit::quota(self, quota, charge),
            Note::Access(refusal, route) => stage::admit::access(self, refusal, route),
        }
    }
}
