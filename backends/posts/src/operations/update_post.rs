//! `updatePost`.

use super::lock_own;
use crate::app::App;
use crate::domain::{Change, Post};
use crate::events::publish;
use crate::store::posts;
use shared_postgres::AsyncConnection;
use shared_service::{ApiError, ApiResult, Caller, validate};

/// Changes the caller's own post; the post after it.
///
/// # Errors
/// `UNAUTHENTICATED`, `NOT_FOUND`, `FORBIDDEN`, those of [`Change`], or the database's.
pub async fn update_post(app: &App, caller: &Caller, id: &str, change: &Change) -> ApiResult<Post> {
    let user = caller.require_user()?;
    let id = validate::id("id", id)?;
    change.check()?;
    let mut conn = app.pool.get().await?;
    let post = conn
        .transaction::<_, ApiError, _>(async |conn| {
            let draft = change.apply(&lock_own(conn, id, user).await?)?;
            let post = posts::update(conn, id, &draft).await?;
            publish::post_updated(conn, caller, &post).await?;
            Ok(post)
        })
        .await?;
    drop(conn); // Redis may be slow; others can use it
    app.committed(post.id).await;
    Ok(post)
}
