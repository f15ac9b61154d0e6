//! `deletePost`.

use super::lock_own;
use crate::app::App;
use crate::events::publish;
use crate::store::posts;
use shared_postgres::AsyncConnection;
use shared_service::{ApiError, ApiResult, Caller, validate};

/// Deletes the caller's own post with its likes. Its comments follow when the comments service hears of it.
///
/// # Errors
/// `UNAUTHENTICATED`, `NOT_FOUND`, `FORBIDDEN`, or the database's.
pub async fn delete_post(app: &App, caller: &Caller, id: &str) -> ApiResult<()> {
    let user = caller.require_user()?;
    let id = validate::id("id", id)?;
    let mut conn = app.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        let post = lock_own(conn, id, user).await?;
        posts::delete(conn, id).await?;
        publish::post_deleted(conn, caller, &post).await?;
        Ok(())
    })
    .await?;
    drop(conn); // Redis may be slow; others can use it
    app.committed(id).await;
    Ok(())
}
