//! `updateComment`.

use super::{author, lock_own};
use crate::app::App;
use crate::domain::{self, Comment};
use crate::events::publish;
use crate::live::Change;
use crate::store::comments;
use shared_contracts::event::key;
use shared_postgres::AsyncConnection;
use shared_service::{ApiError, ApiResult, Caller, validate};

/// Changes the text of the caller's own comment.
///
/// # Errors
/// `UNAUTHENTICATED`, `VALIDATION_FAILED`, `NOT_FOUND`, `FORBIDDEN`, or the database's.
pub async fn update_comment(app: &App, caller: &Caller, id: &str, content: &str) -> ApiResult<Comment> {
    let user = caller.require_user()?;
    let id = validate::id("id", id)?;
    let content = domain::content(content)?;
    let author = author(app, caller, user.id).await;
    let mut conn = app.pool.get().await?;
    let comment = conn
        .transaction::<_, ApiError, _>(async |conn| {
            lock_own(conn, id, user).await?;
            let comment = comments::update(conn, id, &content).await?;
            let wire = comment.to_wire(author.as_deref());
            publish::comment(conn, key::COMMENT_UPDATED, caller, user, &comment, &wire).await?;
            Ok(comment)
        })
        .await?;
    app.committed(Change::updated(comment.to_wire(author.as_deref()))).await;
    Ok(comment)
}
