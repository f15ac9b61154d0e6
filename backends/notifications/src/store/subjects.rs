//! Posts and comments that notifications are about: in which order their events are handled, and what is gone.

use super::schema::{deleted_subjects as deleted, notifications, pending_mentions as pending};
use crate::domain::Subject;
use chrono::{TimeDelta, Utc};
use diesel::{prelude::*, sql_types::BigInt};
use shared_postgres::{AsyncPgConnection, DbError, RunQueryDsl};

/// Events about a subject do not come later than this after its deletion.
const KEEP: TimeDelta = TimeDelta::days(7);

/// Lets events about one post wait for each other until the transaction ends, over all instances. Without that a
/// creation and a deletion handled at once would not see each other.
///
/// # Errors
/// Those of the database.
pub async fn lock(conn: &mut AsyncPgConnection, post: i64) -> Result<(), DbError> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('post', $1))")
        .bind::<BigInt, _>(post)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether the subject, or the post it belongs to, was deleted.
///
/// # Errors
/// Those of the database.
pub async fn is_gone(conn: &mut AsyncPgConnection, subject: Subject) -> Result<bool, DbError> {
    let gone = deleted::table
        .filter(deleted::post_id.eq(subject.post))
        .filter(deleted::comment_id.eq_any([0, subject.comment.unwrap_or(0)]));
    Ok(diesel::select(diesel::dsl::exists(gone)).get_result(conn).await?)
}

/// Notes that the subject was deleted, and removes what was said about it.
///
/// # Errors
/// Those of the database.
pub async fn delete(conn: &mut AsyncPgConnection, subject: Subject) -> Result<(), DbError> {
    let old = deleted::table.filter(deleted::deleted_at.lt(Utc::now() - KEEP));
    diesel::delete(old).execute(conn).await?;
    diesel::insert_into(deleted::table)
        .values((
            deleted::post_id.eq(subject.post),
            deleted::comment_id.eq(subject.comment.unwrap_or(0)),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    // The entries of pending mentions first: whoever looks one up right now ends before the notifications are deleted.
    let waiting = pending::table.filter(pending::post_id.eq(subject.post));
    let told = notifications::table.filter(notifications::post_id.eq(subject.post));
    match subject.comment {
        Some(comment) => {
            diesel::delete(waiting.filter(pending::comment_id.eq(comment)))
                .execute(conn)
                .await?;
            diesel::delete(told.filter(notifications::comment_id.eq(comment)))
                .execute(conn)
                .await?;
        }
        None => {
            diesel::delete(waiting).execute(conn).await?;
            diesel::delete(told).execute(conn).await?;
        }
    }
    Ok(())
}
