//! What can be done, one operation a file. Each is a transaction and what follows it.

mod create_comment;
mod delete_comment;
mod get_comments;
mod update_comment;
mod watch_comments;

pub use create_comment::create_comment;
pub use delete_comment::delete_comment;
pub use get_comments::{Page, get_comments};
pub use update_comment::update_comment;
pub use watch_comments::watch_comments;

use crate::app::App;
use crate::domain::Comment;
use crate::store::comments::{self, Post};
use serde::Deserialize;
use shared_contracts::user::PublicUser;
use shared_postgres::AsyncPgConnection;
use shared_service::{ApiError, ApiResult, CallContext, Caller, PeerError, User};
use std::sync::Arc;

/// The caller's own comment, locked; `NOT_FOUND` or `FORBIDDEN` otherwise.
async fn lock_own(conn: &mut AsyncPgConnection, id: i64, user: &User) -> ApiResult<Comment> {
    let comment = comments::lock(conn, id)
        .await?
        .ok_or_else(|| ApiError::not_found("Comment"))?;
    if comment.author_id != user.id {
        return Err(ApiError::forbidden("This is another user's comment"));
    }
    Ok(comment)
}

/// The public facts of a comment's author, where auth can be asked; what is missing is not worth a refusal.
async fn author(app: &App, caller: &Caller, id: i64) -> Option<Arc<PublicUser>> {
    app.users
        .by_ids(&[id], &CallContext::from(caller))
        .await
        .ok()?
        .users
        .remove(&id)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostAnswer {
    author_id: String,
}

/// Asks posts whether the post exists: its answer, never an event's copy.
async fn find_post(app: &App, caller: &Caller, id: i64) -> ApiResult<Post> {
    let answer = app
        .posts
        .get_json::<PostAnswer>(&format!("/internal/posts/{id}"), &CallContext::from(caller))
        .await;
    match answer {
        Ok(PostAnswer { author_id }) => {
            let author_id = author_id.parse().map_err(ApiError::internal)?;
            Ok(Post { id, author_id })
        }
        Err(PeerError::NotFound) => Err(no_post()),
        Err(error @ PeerError::Unavailable(_)) => Err(ApiError::unavailable(error)),
        Err(error) => Err(ApiError::internal(error)),
    }
}

fn no_post() -> ApiError {
    ApiError::not_found("Post").with_field("postId")
}
