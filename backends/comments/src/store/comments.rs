//! Comments.

use super::schema::comments::dsl;
use crate::domain::Comment;
use diesel::prelude::*;
use diesel::result::QueryResult;
use shared_postgres::{AsyncPgConnection, RunQueryDsl};
use shared_service::User;

/// The post a comment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post {
    /// Its id.
    pub id: i64,
    /// Its author.
    pub author_id: i64,
}

/// Writes a new comment.
pub async fn insert(conn: &mut AsyncPgConnection, post: Post, author: &User, content: &str) -> QueryResult<Comment> {
    let values = (
        dsl::post_id.eq(post.id),
        dsl::post_author_id.eq(post.author_id),
        dsl::author_id.eq(author.id),
        dsl::author_name.eq(&author.name),
        dsl::content.eq(content),
    );
    diesel::insert_into(dsl::comments)
        .values(values)
        .returning(dsl::comments::all_columns())
        .get_result(conn)
        .await
}

/// One comment, and nobody else may change or delete it until the transaction ends.
pub async fn lock(conn: &mut AsyncPgConnection, id: i64) -> QueryResult<Option<Comment>> {
    dsl::comments.find(id).for_update().first(conn).await.optional()
}

/// Up to `limit` comments of a post, newest first, older than the comment `before`.
pub async fn page(
    conn: &mut AsyncPgConnection,
    post_id: i64,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<Comment>> {
    let mut query = dsl::comments
        .filter(dsl::post_id.eq(post_id))
        .order(dsl::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(dsl::id.lt(before));
    }
    query.load(conn).await
}

/// Replaces the text of a comment.
pub async fn update(conn: &mut AsyncPgConnection, id: i64, content: &str) -> QueryResult<Comment> {
    let values = (dsl::content.eq(content), dsl::updated_at.eq(diesel::dsl::now));
    diesel::update(dsl::comments.find(id))
        .set(values)
        .returning(dsl::comments::all_columns())
        .get_result(conn)
        .await
}

/// Deletes one comment.
pub async fn delete(conn: &mut AsyncPgConnection, id: i64) -> QueryResult<usize> {
    diesel::delete(dsl::comments.find(id)).execute(conn).await
}

/// Deletes all comments of a post; tells which.
pub async fn delete_of_post(conn: &mut AsyncPgConnection, post_id: i64) -> QueryResult<Vec<Comment>> {
    diesel::delete(dsl::comments.filter(dsl::post_id.eq(post_id)))
        .returning(dsl::comments::all_columns())
        .get_results(conn)
        .await
}
