//! `createComment`.

use super::{author, find_post, no_post};
use crate::app::App;
use crate::domain::{self, Comment};
use crate::events::publish;
use crate::live::Change;
use crate::store::{comments, deleted_posts};
use shared_contracts::event::key;
use shared_postgres::AsyncConnection;
use shared_service::{ApiError, ApiResult, Caller, validate};

/// Writes a comment of the caller on a post.
///
/// # Errors
/// `UNAUTHENTICATED`, `VALIDATION_FAILED`, `NOT_FOUND` for the post, or that posts or the database is away.
pub async fn create_comment(app: &App, caller: &Caller, post_id: &str, content: &str) -> ApiResult<Comment> {
    let user = caller.require_user()?;
    let post_id = validate::id("postId", post_id)?;
    let content = domain::content(content)?;
    let post = find_post(app, caller, post_id).await?;
    let author = author(app, caller, user.id).await;
    let mut conn = app.pool.get().await?;
    let comment = conn
        .transaction::<_, ApiError, _>(async |conn| {
            // The post may have gone since posts was asked.
            if deleted_posts::contains(conn, post.id).await? {
                return Err(no_post());
            }
            let comment = comments::insert(conn, post, user, &content).await?;
            let wire = comment.to_wire(author.as_deref());
            publish::comment(conn, key::COMMENT_CREATED, caller, user, &comment, &wire).await?;
            Ok(comment)
        })
        .await?;
    app.committed(Change::added(comment.to_wire(author.as_deref()))).await;
    Ok(comment)
}
