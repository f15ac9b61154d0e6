//! Comments come and go: `commentCount` follows, each comment counted once, whatever the order of the events.

use super::id;
use crate::cache::PostCache;
use crate::store::{comment_refs, posts};
use shared_contracts::event::CommentChanged;
use shared_event_bus::{After, HandlerError};
use shared_postgres::AsyncPgConnection;

/// `comment.created`.
pub(super) async fn created(
    conn: &mut AsyncPgConnection,
    cache: &PostCache,
    data: &CommentChanged,
) -> Result<After, HandlerError> {
    let (comment, post) = (id(&data.comment.id)?, id(&data.comment.post_id)?);
    // A post that is gone took its count along; the comment follows it soon.
    if posts::lock(conn, post).await?.is_none() || !comment_refs::born(conn, comment, post).await? {
        return Ok(After::nothing());
    }
    posts::add_comments(conn, post, 1).await?;
    Ok(after(cache, post))
}

/// `comment.deleted`.
pub(super) async fn deleted(
    conn: &mut AsyncPgConnection,
    cache: &PostCache,
    data: &CommentChanged,
) -> Result<After, HandlerError> {
    let (comment, post) = (id(&data.comment.id)?, id(&data.comment.post_id)?);
    if posts::lock(conn, post).await?.is_none() || !comment_refs::died(conn, comment, post).await? {
        return Ok(After::nothing());
    }
    posts::add_comments(conn, post, -1).await?;
    Ok(after(cache, post))
}

fn after(cache: &PostCache, post: i64) -> After {
    let cache = cache.clone();
    After::run(async move { cache.changed(post).await })
}
