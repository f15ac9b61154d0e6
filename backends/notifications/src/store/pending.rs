//! Mentions whose names are still to be looked up.

use super::schema::pending_mentions as pending;
use crate::domain::Subject;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use shared_postgres::{AsyncPgConnection, DbError, RunQueryDsl};

/// Names mentioned in one post or comment.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = pending, check_for_backend(diesel::pg::Pg))]
pub struct Pending {
    /// Id.
    pub id: i64,
    /// The post.
    pub post_id: i64,
    /// The comment, if it was in one.
    pub comment_id: Option<i64>,
    /// Who mentioned.
    pub actor_id: i64,
    /// The actor's user name.
    pub actor_name: String,
    /// Users not to be told.
    pub skipped: Vec<i64>,
    /// The names, without `@`.
    pub names: Vec<String>,
    /// The object for the notification.
    pub data: serde_json::Value,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// Look-ups that failed.
    pub attempts: i32,
}

/// Names to be looked up, before they are stored.
#[derive(Debug, Clone)]
pub struct NewPending<'a> {
    /// Where they stand.
    pub subject: Subject,
    /// Id and user name of who mentioned.
    pub actor: (i64, &'a str),
    /// Users not to be told.
    pub skipped: &'a [i64],
    /// The names, without `@`.
    pub names: &'a [&'a str],
    /// The object for the notification.
    pub data: &'a serde_json::Value,
    /// When it happened.
    pub created_at: DateTime<Utc>,
}

/// Notes names to be looked up.
///
/// # Errors
/// Those of the database.
pub async fn add(conn: &mut AsyncPgConnection, new: &NewPending<'_>) -> Result<(), DbError> {
    diesel::insert_into(pending::table)
        .values((
            pending::post_id.eq(new.subject.post),
            pending::comment_id.eq(new.subject.comment),
            pending::actor_id.eq(new.actor.0),
            pending::actor_name.eq(new.actor.1),
            pending::skipped.eq(new.skipped),
            pending::names.eq(new.names),
            pending::data.eq(new.data),
            pending::created_at.eq(new.created_at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// The oldest entry that is due, locked against other instances until the transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn take_due(conn: &mut AsyncPgConnection) -> Result<Option<Pending>, DbError> {
    let due = pending::table
        .filter(pending::due_at.le(diesel::dsl::now))
        .order((pending::due_at, pending::id))
        .for_update()
        .skip_locked()
        .select(Pending::as_select())
        .first(conn)
        .await;
    Ok(due.optional()?)
}

/// Deletes an entry that is done.
///
/// # Errors
/// Those of the database.
pub async fn remove(conn: &mut AsyncPgConnection, id: i64) -> Result<(), DbError> {
    diesel::delete(pending::table.find(id)).execute(conn).await?;
    Ok(())
}

/// Tries an entry again after `pause`.
///
/// # Errors
/// Those of the database.
pub async fn postpone(conn: &mut AsyncPgConnection, id: i64, pause: TimeDelta) -> Result<(), DbError> {
    diesel::update(pending::table.find(id))
        .set((
            pending::attempts.eq(pending::attempts + 1),
            pending::due_at.eq(Utc::now() + pause),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
