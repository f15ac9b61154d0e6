//! `createPost`.

use crate::app::App;
use crate::domain::{Draft, Post};
use crate::events::publish;
use crate::store::posts;
use shared_postgres::AsyncConnection;
use shared_service::{ApiError, ApiResult, Caller};

/// Writes a new post of the caller.
///
/// # Errors
/// `UNAUTHENTICATED`, those of [`Draft::new`], or the database's.
pub async fn create_post(
    app: &App,
    caller: &Caller,
    content: &str,
    kind: Option<&str>,
    media_urls: &[String],
) -> ApiResult<Post> {
    let user = caller.require_user()?;
    let draft = Draft::new(content, kind, media_urls)?;
    let mut conn = app.pool.get().await?;
    let post = conn
        .transaction::<_, ApiError, _>(async |conn| {
            let post = posts::insert(conn, user.id, &user.name, &draft).await?;
            publish::post_created(conn, caller, &post).await?;
            Ok(post)
        })
        .await?;
    drop(conn); // Redis may be slow; others can use it
    app.committed(post.id).await;
    Ok(post)
}
