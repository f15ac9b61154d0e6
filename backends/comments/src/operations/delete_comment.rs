//! `deleteComment`.

use super::{author, lock_own};
use crate::app::App;
use crate::events::publish;
use crate::live::Change;
use crate::store::comments;
use shared_contracts::event::key;
use shared_postgres::AsyncConnection;
use shared_service::{ApiError, ApiResult, Caller, validate};

/// Deletes the caller's own comment.
///
/// # Errors
/// `UNAUTHENTICATED`, `NOT_FOUND`, `FORBIDDEN`, or the database's.
pub async fn delete_comment(app: &App, caller: &Caller, id: &str) -> ApiResult<()> {
    let user = caller.require_user()?;
    let id = validate::id("id", id)?;
    let author = author(app, caller, user.id).await;
    let mut conn = app.pool.get().await?;
    let comment = conn
        .transaction::<_, ApiError, _>(async |conn| {
            let comment = lock_own(conn, id, user).await?;
            comments::delete(conn, id).await?;
            let wire = comment.to_wire(author.as_deref());
            publish::comment(conn, key::COMMENT_DELETED, caller, user, &comment, &wire).await?;
            Ok(comment)
        })
        .await?;
    app.committed(Change::deleted(comment.to_wire(author.as_deref()))).await;
    Ok(())
}
