//! Posts that are gone, and the lock between writing a comment and the end of its post.

use super::schema::deleted_posts::dsl;
use diesel::prelude::*;
use diesel::result::QueryResult;
use diesel::sql_types::BigInt;
use shared_postgres::{AsyncPgConnection, RunQueryDsl};

/// Whether the post is gone. Until the transaction ends it cannot go: [`add`] waits for those who asked here.
pub async fn contains(conn: &mut AsyncPgConnection, post_id: i64) -> QueryResult<bool> {
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock_shared($1)");
    lock.bind::<BigInt, _>(post_id).execute(conn).await?;
    diesel::select(diesel::dsl::exists(dsl::deleted_posts.find(post_id)))
        .get_result(conn)
        .await
}

/// Notes that a post is gone, for ever: ids are not used again.
pub async fn add(conn: &mut AsyncPgConnection, post_id: i64) -> QueryResult<usize> {
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)");
    lock.bind::<BigInt, _>(post_id).execute(conn).await?;
    diesel::insert_into(dsl::deleted_posts)
        .values(dsl::post_id.eq(post_id))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}
