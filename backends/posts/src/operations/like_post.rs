//! `likePost` and `unlikePost`: twice is as good as once.

use super::not_found;
use crate::app::App;
use crate::domain::Post;
use crate::events::publish;
use crate::store::{likes, posts};
use shared_postgres::AsyncConnection;
use shared_service::{ApiError, ApiResult, Caller, validate};

/// The caller likes the post; the post after it.
///
/// # Errors
/// `UNAUTHENTICATED`, `NOT_FOUND`, or the database's.
pub async fn like_post(app: &App, caller: &Caller, id: &str) -> ApiResult<Post> {
    set(app, caller, id, true).await
}

/// The caller does not like the post any more; the post after it.
///
/// # Errors
/// As [`like_post`].
pub async fn unlike_post(app: &App, caller: &Caller, id: &str) -> ApiResult<Post> {
    set(app, caller, id, false).await
}

async fn set(app: &App, caller: &Caller, id: &str, liked: bool) -> ApiResult<Post> {
    let user = caller.require_user()?;
    let id = validate::id("id", id)?;
    let mut conn = app.pool.get().await?;
    let (post, news) = conn
        .transaction::<_, ApiError, _>(async |conn| {
            let post = posts::lock(conn, id).await?.ok_or_else(not_found)?;
            let news = if liked {
                likes::insert(conn, id, user.id).await?
            } else {
                likes::delete(conn, id, user.id).await?
            };
            if !news {
                return Ok((post, false));
            }
            let post = posts::add_likes(conn, id, if liked { 1 } else { -1 }).await?;
            if liked {
                publish::liked(conn, caller, user, &post).await?;
            } else {
                publish::unliked(conn, caller, user, &post).await?;
            }
            Ok((post, true))
        })
        .await?;
    drop(conn); // Redis may be slow; others can use it
    if news {
        app.committed(id).await;
    }
    Ok(post)
}
