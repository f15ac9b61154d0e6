//! Comments heard of, so that each counts once whatever the order of the events.

use super::schema::comment_refs::dsl;
use diesel::prelude::*;
use diesel::result::QueryResult;
use shared_postgres::{AsyncPgConnection, RunQueryDsl};

/// A comment was made; true if it is news. One that is known, or known to be deleted, is none.
pub async fn born(conn: &mut AsyncPgConnection, comment_id: i64, post_id: i64) -> QueryResult<bool> {
    let values = (
        dsl::comment_id.eq(comment_id),
        dsl::post_id.eq(post_id),
        dsl::live.eq(true),
    );
    let inserted = diesel::insert_into(dsl::comment_refs)
        .values(values)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

/// A comment was deleted; true if it had counted. A tombstone stays, for its making may be heard of later.
pub async fn died(conn: &mut AsyncPgConnection, comment_id: i64, post_id: i64) -> QueryResult<bool> {
    let values = (
        dsl::comment_id.eq(comment_id),
        dsl::post_id.eq(post_id),
        dsl::live.eq(false),
    );
    let inserted = diesel::insert_into(dsl::comment_refs)
        .values(values)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if inserted == 1 {
        return Ok(false);
    }
    let counted = dsl::comment_refs
        .find(comment_id)
        .filter(dsl::post_id.eq(post_id))
        .filter(dsl::live);
    Ok(diesel::update(counted).set(dsl::live.eq(false)).execute(conn).await? == 1)
}
