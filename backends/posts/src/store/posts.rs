//! Posts.

use super::schema::posts::dsl;
use crate::domain::{Draft, Post};
use diesel::prelude::*;
use diesel::result::QueryResult;
use shared_postgres::{AsyncPgConnection, RunQueryDsl};

/// Writes a new post of `author_id`, whose name is `author_name` now.
pub async fn insert(
    conn: &mut AsyncPgConnection,
    author_id: i64,
    author_name: &str,
    draft: &Draft,
) -> QueryResult<Post> {
    let values = (
        dsl::author_id.eq(author_id),
        dsl::author_name.eq(author_name),
        dsl::content.eq(&draft.content),
        dsl::post_type.eq(draft.kind.as_str()),
        dsl::media_urls.eq(&draft.media_urls),
    );
    diesel::insert_into(dsl::posts)
        .values(values)
        .returning(dsl::posts::all_columns())
        .get_result(conn)
        .await
}

/// One post.
pub async fn find(conn: &mut AsyncPgConnection, id: i64) -> QueryResult<Option<Post>> {
    dsl::posts.find(id).first(conn).await.optional()
}

/// One post, and nobody else may change or delete it until the transaction ends.
///
/// Whoever touches a post's likes or comments takes this lock first: one order of locks, so no deadlocks.
pub async fn lock(conn: &mut AsyncPgConnection, id: i64) -> QueryResult<Option<Post>> {
    dsl::posts.find(id).for_update().first(conn).await.optional()
}

/// Up to `limit` posts, newest first, older than the post `before`.
pub async fn page(conn: &mut AsyncPgConnection, before: Option<i64>, limit: i64) -> QueryResult<Vec<Post>> {
    let mut query = dsl::posts.order(dsl::id.desc()).limit(limit).into_boxed();
    if let Some(before) = before {
        query = query.filter(dsl::id.lt(before));
    }
    query.load(conn).await
}

/// Replaces the written part of a post.
pub async fn update(conn: &mut AsyncPgConnection, id: i64, draft: &Draft) -> QueryResult<Post> {
    let values = (
        dsl::content.eq(&draft.content),
        dsl::post_type.eq(draft.kind.as_str()),
        dsl::media_urls.eq(&draft.media_urls),
        dsl::updated_at.eq(diesel::dsl::now),
    );
    diesel::update(dsl::posts.find(id))
        .set(values)
        .returning(dsl::posts::all_columns())
        .get_result(conn)
        .await
}

/// Deletes a post; its likes and comment references go with it.
pub async fn delete(conn: &mut AsyncPgConnection, id: i64) -> QueryResult<usize> {
    diesel::delete(dsl::posts.find(id)).execute(conn).await
}

/// Adds `by` to the count of likes; the post after it.
pub async fn add_likes(conn: &mut AsyncPgConnection, id: i64, by: i64) -> QueryResult<Post> {
    let set = dsl::like_count.eq(dsl::like_count + by);
    diesel::update(dsl::posts.find(id))
        .set(set)
        .returning(dsl::posts::all_columns())
        .get_result(conn)
        .await
}

/// Adds `by` to the count of comments.
pub async fn add_comments(conn: &mut AsyncPgConnection, id: i64, by: i64) -> QueryResult<usize> {
    let set = dsl::comment_count.eq(dsl::comment_count + by);
    diesel::update(dsl::posts.find(id)).set(set).execute(conn).await
}
