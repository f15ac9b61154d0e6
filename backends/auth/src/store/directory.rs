//! Public facts about users, through a cache in Redis.
//!
//! No operation changes these facts once an account is made, so entries need no invalidation; whoever adds one deletes the
//! user's key with the change. The short life bounds what a change by hand can leave behind.

use super::users;
use crate::domain::account::Username;
use shared_contracts::user::PublicUser;
use shared_postgres::{DbError, Pool};
use shared_redis::{Redis, RedisError, redis::pipe};
use std::{collections::BTreeSet, time::Duration};

const KEPT: Duration = Duration::from_secs(5 * 60);

/// Looks users up.
pub(crate) struct Directory {
    pool: Pool,
    redis: Redis,
}

impl Directory {
    /// A directory over the database, with its cache in `redis`.
    pub(crate) fn new(pool: Pool, redis: Redis) -> Self {
        Self { pool, redis }
    }

    /// Those of these ids that exist, each once. Redis away costs time, the database away costs those that are not cached.
    pub(crate) async fn by_ids(&self, ids: &[i64]) -> Result<Vec<PublicUser>, DbError> {
        let ids: Vec<i64> = BTreeSet::from_iter(ids.iter().copied()).into_iter().collect();
        let keys: Vec<String> = ids.iter().map(|id| key(&id.to_string())).collect();
        let cached = self
            .redis
            .get_many_json::<PublicUser>(&keys)
            .await
            .unwrap_or_else(|error| {
                tracing::debug!(%error, "the user cache is not readable");
                vec![None; ids.len()]
            });
        let missing: Vec<i64> = ids
            .iter()
            .zip(&cached)
            .filter(|(_, user)| user.is_none())
            .map(|(id, _)| *id)
            .collect();
        let mut found: Vec<PublicUser> = cached.into_iter().flatten().collect();
        if !missing.is_empty() {
            let mut conn = self.pool.get().await?;
            let read = users::public_by_ids(&mut conn, &missing).await?;
            drop(conn);
            self.remember(&read).await;
            found.extend(read);
        }
        Ok(found)
    }

    /// Those of these names that exist, from the database.
    pub(crate) async fn by_usernames(&self, names: &[Username]) -> Result<Vec<PublicUser>, DbError> {
        let mut conn = self.pool.get().await?;
        let found = users::public_by_usernames(&mut conn, names).await?;
        drop(conn);
        self.remember(&found).await;
        Ok(found)
    }

    async fn remember(&self, users: &[PublicUser]) {
        if users.is_empty() {
            return;
        }
        if let Err(error) = self.write(users).await {
            tracing::debug!(%error, "the user cache is not writable");
        }
    }

    async fn write(&self, users: &[PublicUser]) -> Result<(), RedisError> {
        let mut commands = pipe();
        for user in users {
            let value = serde_json::to_string(user)?;
            commands
                .cmd("SET")
                .arg(self.redis.key(&key(&user.id)))
                .arg(value)
                .arg("EX")
                .arg(KEPT.as_secs())
                .ignore();
        }
        self.redis.pipeline(&commands).await
    }
}

fn key(id: &str) -> String {
    format!("auth:user:{id}")
}
