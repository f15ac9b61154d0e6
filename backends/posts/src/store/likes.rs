//! Likes: at most one a user and post.

use super::schema::likes::dsl;
use diesel::prelude::*;
use diesel::result::QueryResult;
use shared_postgres::{AsyncPgConnection, RunQueryDsl};
use std::collections::HashSet;

/// Remembers a like; false if it was there already. The post must exist and be locked.
pub async fn insert(conn: &mut AsyncPgConnection, post_id: i64, user_id: i64) -> QueryResult<bool> {
    let values = (dsl::post_id.eq(post_id), dsl::user_id.eq(user_id));
    let inserted = diesel::insert_into(dsl::likes)
        .values(values)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

/// Forgets a like; false if there was none.
pub async fn delete(conn: &mut AsyncPgConnection, post_id: i64, user_id: i64) -> QueryResult<bool> {
    let deleted = diesel::delete(dsl::likes.find((post_id, user_id)))
        .execute(conn)
        .await?;
    Ok(deleted == 1)
}

/// Which of these posts the user likes.
pub async fn liked_by(conn: &mut AsyncPgConnection, user_id: i64, post_ids: &[i64]) -> QueryResult<HashSet<i64>> {
    let liked = dsl::likes.filter(dsl::user_id.eq(user_id).and(dsl::post_id.eq_any(post_ids)));
    Ok(liked
        .select(dsl::post_id)
        .load::<i64>(conn)
        .await?
        .into_iter()
        .collect())
}
