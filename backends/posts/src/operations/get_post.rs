//! `getPost`.

use super::not_found;
use crate::app::App;
use crate::cache::{Served, Slot};
use crate::domain::Post;
use crate::store::posts;
use shared_service::{ApiResult, validate};

/// One post.
///
/// # Errors
/// `NOT_FOUND`, or the database's where the cache cannot stand in.
pub async fn get_post(app: &App, id: &str) -> ApiResult<Served<Post>> {
    let id = validate::id("id", id)?;
    let found = app.cache.through(Slot::Post(id), async || {
        let mut conn = app.pool.get().await?;
        Ok(posts::find(&mut conn, id).await?)
    });
    found.await?.ok_or_else(not_found)
}
