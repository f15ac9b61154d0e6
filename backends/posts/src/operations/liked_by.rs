//! Which posts of a page a user likes.

use crate::app::App;
use crate::store::likes;
use shared_service::{ApiResult, User};
use std::collections::HashSet;

/// Those of these posts that `user` likes; nobody likes none.
///
/// # Errors
/// The database's.
pub async fn liked_by(app: &App, user: Option<&User>, post_ids: &[i64]) -> ApiResult<HashSet<i64>> {
    let Some(user) = user.filter(|_| !post_ids.is_empty()) else {
        return Ok(HashSet::new());
    };
    let mut conn = app.pool.get().await?;
    Ok(likes::liked_by(&mut conn, user.id, post_ids).await?)
}
