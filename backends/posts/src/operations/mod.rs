//! What can be done, one file each. An operation checks its input, holds its transaction, says what happened and tells
//! the cache. It knows neither GraphQL nor HTTP.

mod create_post;
mod delete_post;
mod get_post;
mod get_posts;
mod like_post;
mod liked_by;
mod update_post;

pub use create_post::create_post;
pub use delete_post::delete_post;
pub use get_post::get_post;
pub use get_posts::{Page, get_posts};
pub use like_post::{like_post, unlike_post};
pub use liked_by::liked_by;
pub use update_post::update_post;

use crate::domain::Post;
use crate::store::posts;
use shared_postgres::AsyncPgConnection;
use shared_service::{ApiError, ApiResult, User};

fn not_found() -> ApiError {
    ApiError::not_found("Post")
}

/// The user's own post, locked; `NOT_FOUND` or `FORBIDDEN` otherwise.
async fn lock_own(conn: &mut AsyncPgConnection, id: i64, user: &User) -> ApiResult<Post> {
    let post = posts::lock(conn, id).await?.ok_or_else(not_found)?;
    if post.author_id != user.id {
        return Err(ApiError::forbidden("This is another user's post"));
    }
    Ok(post)
}
