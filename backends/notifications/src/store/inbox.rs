//! A user's stored notifications.

use super::schema::notifications;
use crate::domain::{Draft, Kind};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use shared_postgres::{AsyncPgConnection, DbError, RunQueryDsl};

/// A stored notification, as its receiver reads it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = notifications, check_for_backend(diesel::pg::Pg))]
pub struct Row {
    /// Id; larger is newer.
    pub id: i64,
    /// One of [`Kind`]'s names.
    pub kind: String,
    /// The sentence a person reads.
    pub message: String,
    /// The object.
    pub data: serde_json::Value,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// When it was read, if it was.
    pub read_at: Option<DateTime<Utc>>,
}

/// Stores `draft`; its id, or `None` if the user was told of this before.
///
/// # Errors
/// Those of the database.
pub async fn add(conn: &mut AsyncPgConnection, draft: &Draft) -> Result<Option<i64>, DbError> {
    let added = diesel::insert_into(notifications::table)
        .values((
            notifications::user_id.eq(draft.user),
            notifications::kind.eq(draft.kind.as_str()),
            notifications::actor_id.eq(draft.actor),
            notifications::post_id.eq(draft.subject.post),
            notifications::comment_id.eq(draft.subject.comment),
            notifications::message.eq(&draft.message),
            notifications::data.eq(&draft.data),
            notifications::created_at.eq(draft.created_at),
        ))
        .on_conflict_do_nothing()
        .returning(notifications::id)
        .get_result(conn)
        .await;
    Ok(added.optional()?)
}

/// Up to `limit` notifications of `user`, newest first, beginning behind the one with the id `before`.
///
/// # Errors
/// Those of the database.
pub async fn page(
    conn: &mut AsyncPgConnection,
    user: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>, DbError> {
    let rows = notifications::table
        .filter(notifications::user_id.eq(user))
        .filter(notifications::id.lt(before.unwrap_or(i64::MAX)))
        .order(notifications::id.desc())
        .limit(limit)
        .select(Row::as_select())
        .load(conn)
        .await;
    Ok(rows?)
}

/// How many notifications of `user` are unread.
///
/// # Errors
/// Those of the database.
pub async fn unread(conn: &mut AsyncPgConnection, user: i64) -> Result<i64, DbError> {
    let count = notifications::table
        .filter(notifications::user_id.eq(user))
        .filter(notifications::read_at.is_null())
        .count()
        .get_result(conn)
        .await;
    Ok(count?)
}

/// Marks notifications of `user` as read: those in `ids` (ids of others are passed over), or all.
///
/// # Errors
/// Those of the database.
pub async fn mark_read(conn: &mut AsyncPgConnection, user: i64, ids: Option<&[i64]>) -> Result<usize, DbError> {
    let unread = diesel::update(notifications::table)
        .filter(notifications::user_id.eq(user))
        .filter(notifications::read_at.is_null())
        .set(notifications::read_at.eq(diesel::dsl::now));
    let marked = match ids {
        Some(ids) => unread.filter(notifications::id.eq_any(ids)).execute(conn).await,
        None => unread.execute(conn).await,
    };
    Ok(marked?)
}

/// Takes back that `actor` liked a post.
///
/// # Errors
/// Those of the database.
pub async fn remove_like(conn: &mut AsyncPgConnection, post: i64, actor: i64) -> Result<usize, DbError> {
    let gone = notifications::table
        .filter(notifications::post_id.eq(post))
        .filter(notifications::actor_id.eq(actor))
        .filter(notifications::kind.eq(Kind::PostLiked.as_str()));
    Ok(diesel::delete(gone).execute(conn).await?)
}
