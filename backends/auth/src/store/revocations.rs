//! Revocations: noted in the database with the end of a session, then pushed through Redis to all verifiers.
//!
//! The tables are an outbox. The request that ends a session pushes at once, before it answers; where Redis is away then, or
//! the process dies in between, [`Revoker::keep_pushing`] does it as soon as it can. A Redis that lost its memory is told
//! everything again.

use super::schema::{revocations, user_revocations};
use crate::domain::keys::TOKEN_LIFETIME;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diesel::{dsl::now, prelude::*, upsert::excluded};
use shared_contracts::revocation::{MAX_REVOCATIONS, REVOKED_CHANNEL, Revocation, RevocationsAnswer, Revoked};
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

type Session = (Uuid, DateTime<Utc>);
type User = (i64, DateTime<Utc>, DateTime<Utc>);

/// Notes what must be told of sessions that have just ended; `ended` pairs each with the time of its last access token.
pub(crate) async fn note(conn: &mut AsyncPgConnection, ended: &[Session]) -> Result<Vec<Revocation>, DbError> {
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
    Ok(alive.into_iter().map(of_session).collect())
}

/// Notes that users are signed out everywhere: what they were given before this second counts no more. Tokens tell seconds
/// alone, and one of a new sign-in within this second must stay good; what this second saw before is told by its session.
pub(crate) async fn note_users(conn: &mut AsyncPgConnection, users: &[i64]) -> Result<Vec<Revocation>, DbError> {
    let this_moment = Utc::now();
    let second = this_moment.duration_trunc(TimeDelta::seconds(1)).unwrap_or(this_moment);
    let noted: Vec<User> = users
        .iter()
        .map(|user| (*user, second, second + TOKEN_LIFETIME + MARGIN))
        .collect();
    let rows: Vec<_> = noted
        .iter()
        .map(|(user, before, until)| {
            (
                user_revocations::user_id.eq(user),
                user_revocations::before.eq(before),
                user_revocations::until.eq(until),
            )
        })
        .collect();
    diesel::insert_into(user_revocations::table)
        .values(rows)
        .on_conflict(user_revocations::user_id)
        .do_update()
        .set((
            user_revocations::before.eq(excluded(user_revocations::before)),
            user_revocations::until.eq(excluded(user_revocations::until)),
            user_revocations::pushed_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await?;
    Ok(noted.into_iter().map(of_user).collect())
}

fn of_session((session, until): Session) -> Revocation {
    Revocation::session(session, seconds(until))
}

fn of_user((user, before, until): User) -> Revocation {
    Revocation::user(user.to_string(), seconds(before), seconds(until))
}

fn seconds(time: DateTime<Utc>) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or_default()
}

/// What still matters, the latest first, at most [`MAX_REVOCATIONS`] of each kind: for verifiers that Redis does not reach.
pub(crate) async fn list(conn: &mut AsyncPgConnection) -> Result<RevocationsAnswer, DbError> {
    let sessions: Vec<Session> = revocations::table
        .filter(revocations::until.gt(now))
        .select((revocations::session_id, revocations::until))
        .order(revocations::until.desc())
        .limit(MAX_REVOCATIONS as i64)
        .load(conn)
        .await?;
    let users: Vec<User> = user_revocations::table
        .filter(user_revocations::until.gt(now))
        .select((
            user_revocations::user_id,
            user_revocations::before,
            user_revocations::until,
        ))
        .order(user_revocations::until.desc())
        .limit(MAX_REVOCATIONS as i64)
        .load(conn)
        .await?;
    Ok(RevocationsAnswer {
        revocations: sessions.into_iter().map(of_session).collect(),
        others: users.into_iter().map(of_user).collect(),
    })
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
                tracing::warn!(%error, count = batch.len(), "cannot push revocations now; trying on");
                return false;
            }
            if let Err(error) = self.mark(batch).await {
                tracing::debug!(%error, "pushed revocations stay noted; they will be pushed again");
            }
        }
        true
    }

    async fn send(&self, revocations: &[Revocation]) -> Result<(), RedisError> {
        let this_moment = seconds(Utc::now());
        let mut commands = pipe();
        commands.atomic();
        for revocation in revocations {
            let (key, value) = revocation.entry();
            let seconds = revocation.until.saturating_sub(this_moment).max(1);
            commands
                .cmd("SET")
                .arg(self.redis.key(&key))
                .arg(value)
                .arg("EX")
                .arg(seconds)
                .ignore();
            commands
                .cmd("PUBLISH")
                .arg(self.redis.key(REVOKED_CHANNEL))
                .arg(revocation.json())
                .ignore();
        }
        self.redis.pipeline(&commands).await
    }

    async fn mark(&self, pushed: &[Revocation]) -> Result<(), DbError> {
        let (mut sessions, mut users) = (Vec::<Uuid>::new(), Vec::<i64>::new());
        for revocation in pushed {
            match &revocation.what {
                Revoked::Session { sid } => sessions.extend(sid.parse::<Uuid>().ok()),
                Revoked::User { sub, .. } => users.extend(sub.parse::<i64>().ok()),
                // Auth revokes none by itself.
                Revoked::Token { .. } => {}
            }
        }
        let mut conn = self.pool.get().await?;
        diesel::update(revocations::table.filter(revocations::session_id.eq_any(sessions)))
            .set(revocations::pushed_at.eq(Utc::now()))
            .execute(&mut conn)
            .await?;
        diesel::update(user_revocations::table.filter(user_revocations::user_id.eq_any(users)))
            .set(user_revocations::pushed_at.eq(Utc::now()))
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
        let mut sessions = revocations::table
            .filter(revocations::until.gt(now))
            .select((revocations::session_id, revocations::until))
            .order(revocations::until.asc())
            .into_boxed();
        let mut users = user_revocations::table
            .filter(user_revocations::until.gt(now))
            .select((
                user_revocations::user_id,
                user_revocations::before,
                user_revocations::until,
            ))
            .order(user_revocations::until.asc())
            .into_boxed();
        if !all {
            sessions = sessions.filter(revocations::pushed_at.is_null()).limit(BATCH as i64);
            users = users.filter(user_revocations::pushed_at.is_null()).limit(BATCH as i64);
        }
        let sessions: Vec<Session> = sessions.load(&mut conn).await?;
        let users: Vec<User> = users.load(&mut conn).await?;
        drop(conn);
        let sessions = sessions.into_iter().map(of_session);
        let noted: Vec<_> = sessions.chain(users.into_iter().map(of_user)).collect();
        Ok(self.push(&noted).await)
    }
}

/// Forgets what no living token can name.
pub(crate) async fn sweep(conn: &mut AsyncPgConnection) -> Result<usize, DbError> {
    let sessions = diesel::delete(revocations::table.filter(revocations::until.lt(now)))
        .execute(conn)
        .await?;
    let users = diesel::delete(user_revocations::table.filter(user_revocations::until.lt(now)))
        .execute(conn)
        .await?;
    Ok(sessions + users)
}
