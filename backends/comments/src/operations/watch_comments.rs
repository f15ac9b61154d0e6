//! Watching a post's comments.

use super::find_post;
use crate::app::App;
use crate::live::Watcher;
use shared_contracts::Code;
use shared_service::{ApiResult, Caller, validate};

/// What happens to a post's comments from now on.
///
/// # Errors
/// `UNAUTHENTICATED`, `VALIDATION_FAILED` for the id, `NOT_FOUND` for the post. That posts cannot be asked is no reason
/// to refuse: a post that does not exist has no changes.
pub async fn watch_comments(app: &App, caller: &Caller, post_id: &str) -> ApiResult<Watcher> {
    caller.require_user()?;
    let post_id = validate::id("postId", post_id)?;
    // First watch, then look: a change in between is seen.
    let watcher = app.live.watch(post_id);
    match find_post(app, caller, post_id).await {
        Err(error) if error.code == Code::NotFound => Err(error),
        Err(error) => {
            tracing::warn!(%error, "watching without having asked posts");
            Ok(watcher)
        }
        Ok(_) => Ok(watcher),
    }
}
