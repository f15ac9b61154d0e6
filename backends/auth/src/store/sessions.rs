//! Sessions and their refresh tokens.

use super::{
    revocations,
    schema::{refresh_tokens, sessions},
};
use crate::domain::refresh::{self, RefreshToken, Shown, Verdict, judge};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Timestamptz};
use shared_contracts::revocation::Revocation;
use shared_postgres::{AsyncConnection, AsyncPgConnection, DbError, RunQueryDsl};
use std::time::Instant;
use uuid::Uuid;

/// A session and the refresh token that now belongs to it.
pub(crate) struct Opened {
    pub(crate) session: Uuid,
    pub(crate) user_id: i64,
    pub(crate) refresh: RefreshToken,
}

/// What a shown refresh token led to.
pub(crate) enum Refreshed {
    /// It was replaced, now or by a request that ran beside this one.
    Renewed(Opened),
    /// It is not valid.
    Refused,
    /// It was used before; its session is ended, and this has to be told.
    Ended(Vec<Revocation>),
}

/// How a refresh token was shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// When the request arrived.
    pub(crate) arrived: Instant,
    /// See [`Shown::by_browser`].
    pub(crate) by_browser: bool,
}

/// Opens a session for a user who has just signed in. Part of the caller's transaction.
pub(crate) async fn open(conn: &mut AsyncPgConnection, user_id: i64) -> Result<Opened, DbError> {
    let opened = Opened {
        session: Uuid::now_v7(),
        user_id,
        refresh: RefreshToken::generate(),
    };
    let session = (sessions::id.eq(opened.session), sessions::user_id.eq(user_id));
    diesel::insert_into(sessions::table)
        .values(session)
        .execute(conn)
        .await?;
    insert_token(conn, opened.session, &opened.refresh, Utc::now()).await?;
    Ok(opened)
}

async fn insert_token(
    conn: &mut AsyncPgConnection,
    session: Uuid,
    token: &RefreshToken,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let values = (
        refresh_tokens::hash.eq(token.digest()),
        refresh_tokens::session_id.eq(session),
        refresh_tokens::expires_at.eq(now + refresh::LIFETIME),
    );
    diesel::insert_into(refresh_tokens::table)
        .values(values)
        .execute(conn)
        .await?;
    Ok(())
}

/// Judges a shown refresh token and does what follows, in a transaction of its own.
pub(crate) async fn refresh(
    conn: &mut AsyncPgConnection,
    token: &RefreshToken,
    manner: Manner,
) -> Result<Refreshed, DbError> {
    conn.transaction(async |conn| {
        // Whoever holds the session's row decides alone; the token is read only then.
        let owner = refresh_tokens::table.filter(refresh_tokens::hash.eq(token.digest()));
        let session: Option<(Uuid, i64, Option<DateTime<Utc>>)> = sessions::table
            .filter(sessions::id.eq_any(owner.select(refresh_tokens::session_id)))
            .select((sessions::id, sessions::user_id, sessions::ended_at))
            .for_update()
            .first(conn)
            .await
            .optional()?;
        let Some((session, user_id, ended_at)) = session else {
            return Ok(Refreshed::Refused);
        };
        let (expires_at, used_at, successor, now): (_, _, Option<Vec<u8>>, DateTime<Utc>) = refresh_tokens::table
            .find(token.digest())
            .select((
                refresh_tokens::expires_at,
                refresh_tokens::used_at,
                refresh_tokens::successor,
                sql::<Timestamptz>("clock_timestamp()"),
            ))
            .first(conn)
            .await?;
        let verdict = judge(&Shown {
            now,
            arrived: now - TimeDelta::from_std(manner.arrived.elapsed()).unwrap_or_default(),
            by_browser: manner.by_browser,
            expires_at,
            used_at,
            successor_waits: successor.is_some(),
            session_ended: ended_at.is_some(),
        });
        match verdict {
            Verdict::Refuse => Ok(Refreshed::Refused),
            Verdict::Reused => Ok(Refreshed::Ended(end_where(conn, &[session], None).await?)),
            Verdict::Replace => {
                let refresh = replace(conn, session, token, now).await?;
                Ok(Refreshed::Renewed(Opened {
                    session,
                    user_id,
                    refresh,
                }))
            }
            Verdict::Repeat => {
                let refresh = successor.and_then(|sealed| token.open_successor(&sealed));
                let refresh = refresh.ok_or_else(|| DbError::internal("a successor cannot be opened"))?;
                touch(conn, session, now).await?;
                Ok(Refreshed::Renewed(Opened {
                    session,
                    user_id,
                    refresh,
                }))
            }
        }
    })
    .await
}

async fn replace(
    conn: &mut AsyncPgConnection,
    session: Uuid,
    token: &RefreshToken,
    now: DateTime<Utc>,
) -> Result<RefreshToken, DbError> {
    let next = RefreshToken::generate();
    let sealed = token
        .seal_successor(&next)
        .ok_or_else(|| DbError::internal("a successor cannot be sealed"))?;
    insert_token(conn, session, &next, now).await?;
    // This token is used now, so its predecessor's successor waits no more.
    let predecessors = refresh_tokens::table
        .filter(refresh_tokens::session_id.eq(session))
        .filter(refresh_tokens::successor.is_not_null());
    diesel::update(predecessors)
        .set(refresh_tokens::successor.eq(None::<Vec<u8>>))
        .execute(conn)
        .await?;
    diesel::update(refresh_tokens::table.find(token.digest()))
        .set((refresh_tokens::used_at.eq(now), refresh_tokens::successor.eq(sealed)))
        .execute(conn)
        .await?;
    touch(conn, session, now).await?;
    Ok(next)
}

async fn touch(conn: &mut AsyncPgConnection, session: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    diesel::update(sessions::table.find(session))
        .set(sessions::last_used_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// The session that a refresh token belongs to.
pub(crate) async fn of_token(conn: &mut AsyncPgConnection, token: &RefreshToken) -> Result<Option<Uuid>, DbError> {
    let query = refresh_tokens::table
        .find(token.digest())
        .select(refresh_tokens::session_id);
    Ok(query.first(conn).await.optional()?)
}

/// Ends these sessions, and with `all` every session of their users; what has to be told of it is already noted.
///
/// A session that has ended before proves nothing any more, so it cannot end others.
pub(crate) async fn end(conn: &mut AsyncPgConnection, ids: &[Uuid], all: bool) -> Result<Vec<Revocation>, DbError> {
    conn.transaction(async |conn| {
        let mut owners: Vec<i64> = Vec::new();
        if all {
            let alive = sessions::id.eq_any(ids).and(sessions::ended_at.is_null());
            owners = sessions::table
                .filter(alive)
                .select(sessions::user_id)
                .load(conn)
                .await?;
        }
        let mut told = end_where(conn, ids, Some(&owners)).await?;
        if !owners.is_empty() {
            owners.sort_unstable();
            owners.dedup();
            told.extend(revocations::note_users(conn, &owners).await?);
        }
        Ok(told)
    })
    .await
}

async fn end_where(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
    owners: Option<&[i64]>,
) -> Result<Vec<Revocation>, DbError> {
    let named = sessions::id
        .eq_any(ids)
        .or(sessions::user_id.eq_any(owners.unwrap_or_default()));
    let ended: Vec<(Uuid, DateTime<Utc>)> =
        diesel::update(sessions::table.filter(named).filter(sessions::ended_at.is_null()))
            .set(sessions::ended_at.eq(diesel::dsl::now))
            .returning((sessions::id, sessions::last_used_at))
            .get_results(conn)
            .await?;
    revocations::note(conn, &ended).await
}

/// Forgets sessions and refresh tokens whose time is over; how many sessions.
pub(crate) async fn sweep(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<usize, DbError> {
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::expires_at.lt(now)))
        .execute(conn)
        .await?;
    let over = sessions::last_used_at.lt(now - refresh::LIFETIME - TimeDelta::days(1));
    Ok(diesel::delete(sessions::table.filter(over)).execute(conn).await?)
}
