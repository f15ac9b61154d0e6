//! The view of sessions that ended before their tokens did.

use shared_contracts::claims::Revocation;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{PoisonError, RwLock},
};

const SHARDS: usize = 16;

/// Revoked sessions, sharded so that readers on the request path do not meet writers.
pub struct Revocations {
    hasher: RandomState,
    shards: [RwLock<HashMap<Box<str>, u64>>; SHARDS],
}

impl Default for Revocations {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| RwLock::default()),
        }
    }
}

impl Revocations {
    fn shard(&self, sid: &str) -> &RwLock<HashMap<Box<str>, u64>> {
        &self.shards[self.hasher.hash_one(sid) as usize % SHARDS]
    }

    /// Adds one revocation. Entries are never taken back before their time, so a late snapshot cannot undo a push.
    pub fn add(&self, revocation: &Revocation) {
        let mut shard = self
            .shard(&revocation.sid)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let until = shard.entry(revocation.sid.as_str().into()).or_default();
        *until = revocation.until.max(*until);
    }

    /// Whether the session has ended.
    pub fn contains(&self, sid: &str) -> bool {
        self.shard(sid)
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(sid)
    }

    /// Forgets what no unexpired token can name any more; `now` in seconds since the Unix epoch.
    pub fn prune(&self, now: u64) {
        for shard in &self.shards {
            shard
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|_, until| *until > now);
        }
    }

    /// How many sessions are remembered.
    pub fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_until_the_last_token_is_gone() {
        let revocations = Revocations::default();
        revocations.add(&Revocation {
            sid: "a".into(),
            until: 20,
        });
        revocations.add(&Revocation {
            sid: "a".into(),
            until: 10,
        });
        revocations.prune(15);
        assert!(revocations.contains("a"));
        assert!(!revocations.contains("b"));
        revocations.prune(20);
        assert!(revocations.is_empty());
    }
}
