//! Public facts about users, looked up at auth in batches and kept for a while.

use crate::{CallContext, PeerClient, PeerError};
use moka::sync::Cache;
use shared_contracts::user::{LOOKUP_PATH, LookupAnswer, MAX_LOOKUP, PublicUser};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A fact younger than this is used unasked.
const FRESH: Duration = Duration::from_secs(30);
/// A fact younger than this serves while auth is away.
const KEPT: Duration = Duration::from_secs(3600);

/// Users that were looked up.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// By id; ids of nobody are missing.
    pub users: HashMap<i64, Arc<PublicUser>>,
    /// How long this may be taken for granted; `None` where auth is away and some of it is old.
    pub until: Option<Instant>,
}

/// Looks users up at the auth service. While auth is away, what was known within the last hour still serves.
#[derive(Clone)]
pub struct UserDirectory {
    auth: PeerClient,
    known: Cache<i64, (Instant, Arc<PublicUser>)>,
    changes: Arc<AtomicU64>,
}

impl UserDirectory {
    /// A directory that asks `auth`.
    pub fn new(auth: PeerClient) -> Self {
        Self {
            auth,
            known: Cache::builder().max_capacity(50_000).time_to_live(KEPT).build(),
            changes: Arc::default(),
        }
    }

    /// The users with these ids; ids of nobody are left out. An error only where auth is away and an id is unknown.
    pub async fn by_ids(&self, ids: &[i64], context: &CallContext) -> Result<Found, PeerError> {
        let now = Instant::now();
        let mut found = HashMap::with_capacity(ids.len());
        let mut until = Some(now + FRESH);
        let mut stale = HashMap::new();
        let mut wanted: Vec<i64> = Vec::new();
        for id in ids {
            match self.known.get(id) {
                Some((at, user)) if now.saturating_duration_since(at) < FRESH => {
                    until = until.map(|until| until.min(at + FRESH));
                    found.insert(*id, user);
                }
                Some((_, user)) => {
                    stale.insert(*id, user);
                    wanted.push(*id);
                }
                None => wanted.push(*id),
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        for batch in wanted.chunks(MAX_LOOKUP) {
            let list = batch.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            match self.ask(&format!("{LOOKUP_PATH}?ids={list}"), context).await {
                Ok(users) => found.extend(users),
                Err(error) if batch.iter().all(|id| stale.contains_key(id)) => {
                    tracing::debug!(%error, "auth is away; using what is known");
                    found.extend(batch.iter().filter_map(|id| Some((*id, stale.remove(id)?))));
                    until = None;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Found { users: found, until })
    }

    /// The users with these names (letters, digits, `_` and `.` only; others are left out). Always asks auth.
    pub async fn by_usernames(&self, names: &[&str], context: &CallContext) -> Result<Vec<Arc<PublicUser>>, PeerError> {
        let plain = |name: &&&str| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        };
        let names: Vec<&str> = names.iter().filter(plain).copied().take(MAX_LOOKUP).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let users = self
            .ask(&format!("{LOOKUP_PATH}?usernames={}", names.join(",")), context)
            .await?;
        Ok(users.into_iter().map(|(_, user)| user).collect())
    }

    /// Forgets a user, so that the next look-up asks auth: for `user.updated`.
    pub fn forget(&self, id: i64) {
        self.known.invalidate(&id);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// How often a user was forgotten: what was made of users at a lower count may be out of date.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    async fn ask(&self, path: &str, context: &CallContext) -> Result<Vec<(i64, Arc<PublicUser>)>, PeerError> {
        let answer: LookupAnswer = self.auth.get_json(path, context).await?;
        let now = Instant::now();
        let users = answer
            .users
            .into_iter()
            .filter_map(|user| Some((user.id.parse().ok()?, Arc::new(user))));
        let users: Vec<(i64, Arc<PublicUser>)> = users.collect();
        for (id, user) in &users {
            self.known.insert(*id, (now, Arc::clone(user)));
        }
        Ok(users)
    }
}
