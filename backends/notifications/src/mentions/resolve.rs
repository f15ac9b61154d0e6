//! One pending entry: look its names up, store a notification for each user found.

use crate::{
    domain::{Draft, Kind, Subject, mentioned_you},
    socket::Outgoing,
    store::{
        inbox,
        pending::{self, Pending},
    },
};
use chrono::{TimeDelta, Utc};
use shared_contracts::user::PublicUser;
use shared_postgres::{AsyncConnection, AsyncPgConnection, DbError, Pool};
use shared_service::{CallContext, PeerError, UserDirectory};
use std::sync::Arc;

/// The first pause after a failed look-up; it doubles with each.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);
/// The longest pause.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(60);
/// A mention that could not be looked up for so long is dropped: by then it is no news.
const PATIENCE: TimeDelta = TimeDelta::days(1);

/// What came of one entry.
#[derive(Debug)]
pub(super) enum Outcome {
    /// No entry is due.
    Nothing,
    /// Its users are told, by sending this.
    Told(Vec<Outgoing>),
    /// It is tried again later, or given up.
    Postponed,
}

/// Takes the next entry that is due. It stays locked until the transaction ends, so that instances share the work.
pub(super) async fn next(pool: &Pool, users: &UserDirectory) -> Result<Outcome, DbError> {
    let mut conn = pool.get().await?;
    conn.transaction::<_, DbError, _>(async |conn| {
        let Some(entry) = pending::take_due(conn).await? else {
            return Ok(Outcome::Nothing);
        };
        let names: Vec<&str> = entry.names.iter().map(String::as_str).collect();
        match users.by_usernames(&names, &CallContext::default()).await {
            Ok(found) => tell(conn, &entry, &found).await.map(Outcome::Told),
            Err(error) => postpone(conn, &entry, &error).await.map(|()| Outcome::Postponed),
        }
    })
    .await
}

async fn tell(
    conn: &mut AsyncPgConnection,
    entry: &Pending,
    users: &[Arc<PublicUser>],
) -> Result<Vec<Outgoing>, DbError> {
    let mut outgoing = Vec::new();
    for user in users.iter().filter_map(|user| user.id.parse::<i64>().ok()) {
        if entry.skipped.contains(&user) {
            continue;
        }
        let draft = Draft {
            user,
            kind: Kind::Mention,
            actor: entry.actor_id,
            subject: Subject {
                post: entry.post_id,
                comment: entry.comment_id,
            },
            message: mentioned_you(&entry.actor_name),
            data: entry.data.clone(),
            created_at: entry.created_at,
        };
        if let Some(id) = inbox::add(conn, &draft).await? {
            outgoing.push(Outgoing::Notify {
                user,
                push: draft.into_push(id),
            });
        }
    }
    pending::remove(conn, entry.id).await?;
    Ok(outgoing)
}

async fn postpone(conn: &mut AsyncPgConnection, entry: &Pending, error: &PeerError) -> Result<(), DbError> {
    if Utc::now() - entry.created_at > PATIENCE {
        tracing::error!(%error, id = entry.id, "a mention is given up");
        return pending::remove(conn, entry.id).await;
    }
    tracing::warn!(%error, id = entry.id, attempts = entry.attempts, "a mention has to wait");
    pending::postpone(conn, entry.id, pause(entry.attempts)).await
}

fn pause(attempts: i32) -> TimeDelta {
    let doubled = 1 << attempts.clamp(0, 10);
    (FIRST_PAUSE * doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        assert_eq!(pause(0), FIRST_PAUSE);
        assert_eq!(pause(2), FIRST_PAUSE * 4);
        assert_eq!(pause(i32::MAX), LONGEST_PAUSE);
    }
}
