//! Revocations: noted in the database with the end of a session, then pushed through Redis to all verifiers.
//!
//! The table is an outbox. The request that ends a session pushes at once, before it answers; where Redis is away then, or
//! the process dies in between, [`Revoker::keep_pushing`] does it as soon as it can. A Redis that lost its memory is told
//! everything again.

use super::schema::revocations;
use crate::domain::keys::TOKEN_LIFETIME;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{dsl::now, prelude::*, upsert::excluded};
use shared_contracts::claims::{MAX_REVOCATIONS, REVOKED_CHANNEL, REVOKED_KEY_PREFIX, Revocation};
use shared_postgres::{AsyncPgConnection, DbError, Pool, RunQueryDsl};
use shared_redis::{Event, Redis, RedisError, redis::pipe};
use shared_service::Shutdown;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

/// Clocks differ, and verifiers are lenient by some seconds.
const MARGIN: TimeDelta = TimeDelta::minutes(1);
/// How often the outbox is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Most revocations pushed in one go.
const BATCH: usize = 500;

/// Notes what must be told of sessions that have just ended; `ended` pairs each with the time of its last access token.
pub(crate) async fn note(
    conn: &mut AsyncPgConnection,
    ended: &[(Uuid, DateTime<Utc>)],
) -> Result<Vec<Revocation>, DbError> {
    let this_moment = Utc::now();
    let untils = ended
        .iter()
        .map(|(session, last)| (*session, *last + TOKEN_LIFETIME + MARGIN));
    let alive: Vec<_> = untils.filter(|(_, until)| *until > this_moment).collect();
    let rows: Vec<_> = alive
        .iter()
        .map(|(session, until)| (revocations::session_id.eq(session), revocations::until.eq(until)))
        .collect();
    diesel::insert_into(revocations::table)
        .values(rows)
        .on_conflict(revocations::session_id)
        .do_update()
        .set(revocations::until.eq(excluded(revocations::until)))
        .execute(conn)
        .await?;
    Ok(alive.into_iter().map(revocation).collect())
}

fn revocation((session, until): (Uuid, DateTime<Utc>)) -> Revocation {
    Revocation {
        sid: session.to_string(),
        until: u64::try_from(until.timestamp()).unwrap_or_default(),
    }
}

/// What still matters, the latest first, at most [`MAX_REVOCATIONS`]: for verifiers that Redis does not reach.
pub(crate) async fn list(conn: &mut AsyncPgConnection) -> Result<Vec<Revocation>, DbError> {
    let noted: Vec<(Uuid, DateTime<Utc>)> = revocations::table
        .filter(revocations::until.gt(now))
        .select((revocations::session_id, revocations::until))
        .order(revocations::until.desc())
        .limit(MAX_REVOCATIONS as i64)
        .load(conn)
        .await?;
    Ok(noted.into_iter().map(revocation).collect())
}

/// Tells all verifiers.
#[derive(Clone)]
pub(crate) struct Revoker {
    pool: Pool,
    redis: Redis,
}

impl Revoker {
    /// A revoker that pushes through `redis`, whose database must be 0.
    pub(crate) fn new(pool: Pool, redis: Redis) -> Self {
        Self { pool, redis }
    }

    /// Pushes now; whether that worked. Where it fails it is logged, and done in the background later.
    pub(crate) async fn push(&self, revocations: &[Revocation]) -> bool {
        for batch in revocations.chunks(BATCH) {
            if let Err(error) = self.send(batch).await {
                tracing::warn!(%error, sessions = batch.len(), "cannot push revocations now; trying on");
                return false;
            }
            if let Err(error) = self.mark(batch).await {
                tracing::debug!(%error, "pushed revocations stay noted; they will be pushed again");
            }
        }
        true
    }

    async fn send(&self, revocations: &[Revocation]) -> Result<(), RedisError> {
        let this_moment = u64::try_from(Utc::now().timestamp()).unwrap_or_default();
        let mut commands = pipe();
        commands.atomic();
        for revocation in revocations {
            let key = self.redis.key(&format!("{REVOKED_KEY_PREFIX}{}", revocation.sid));
            let seconds = revocation.until.saturating_sub(this_moment).max(1);
            let told = serde_json::to_string(revocation)?;
            commands
                .cmd("SET")
                .arg(key)
                .arg(revocation.until)
                .arg("EX")
                .arg(seconds)
                .ignore();
            commands
                .cmd("PUBLISH")
                .arg(self.redis.key(REVOKED_CHANNEL))
                .arg(told)
                .ignore();
        }
        self.redis.pipeline(&commands).await
    }

    async fn mark(&self, pushed: &[Revocation]) -> Result<(), DbError> {
        let ids: Vec<Uuid> = pushed
            .iter()
            .filter_map(|revocation| revocation.sid.parse().ok())
            .collect();
        let mut conn = self.pool.get().await?;
        diesel::update(revocations::table.filter(revocations::session_id.eq_any(ids)))
            .set(revocations::pushed_at.eq(Utc::now()))
            .execute(&mut conn)
            .await?;
        Ok(())
    }

    /// Pushes what is noted and not pushed, until told to end.
    pub(crate) async fn keep_pushing(self, shutdown: Shutdown) {
        // Heard only to learn when Redis came back: it may have forgotten what it was told.
        let mut events = self.redis.subscribe(&[REVOKED_CHANNEL], &[]);
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut forgotten = false;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                event = events.recv() => match event {
                    Some(Event::Subscribed) => forgotten = true,
                    Some(_) => continue,
                    None => return,
                },
                _ = tick.tick() => {}
            }
            match self.push_noted(forgotten).await {
                Ok(pushed) => forgotten &= !pushed,
                Err(error) => tracing::debug!(%error, "cannot read noted revocations"),
            }
        }
    }

    /// Pushes what is not pushed yet, or all that still matters; whether that worked.
    async fn push_noted(&self, all: bool) -> Result<bool, DbError> {
        let mut conn = self.pool.get().await?;
        let mut query = revocations::table
            .filter(revocations::until.gt(now))
            .select((revocations::session_id, revocations::until))
            .order(revocations::until.asc())
            .into_boxed();
        if !all {
            query = query.filter(revocations::pushed_at.is_null()).limit(BATCH as i64);
        }
        let noted: Vec<(Uuid, DateTime<Utc>)> = query.load(&mut conn).await?;
        drop(conn);
        let noted: Vec<_> = noted.into_iter().map(revocation).collect();
        Ok(self.push(&noted).await)
    }
}

/// Forgets what no living token can name.
pub(crate) async fn sweep(conn: &mut AsyncPgConnection) -> Result<usize, DbError> {
    Ok(diesel::delete(revocations::table.filter(revocations::until.lt(now)))
        .execute(conn)
        .await?)
}
