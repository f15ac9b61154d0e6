//! What a page's posts need beside their rows, looked up at once: one query for its likes, one look-up for its authors.

use super::types::Post;
use crate::app::App;
use crate::{domain, operations};
use async_graphql::{Context, Result};
use shared_service::graphql::{Authors, Viewer, failure, wanted};
use std::collections::HashSet;

/// A page's rows as posts of the present field, which has them at `posts`.
pub(super) async fn posts(ctx: &Context<'_>, rows: Vec<domain::Post>) -> Result<Vec<Post>> {
    let liked = liked(ctx, "posts", &rows).await?;
    let authors = Authors::ahead(ctx, "posts", rows.iter().map(|row| row.author_id)).await?;
    let post = |row: domain::Post| {
        let liked = liked.contains(&row.id);
        Post::new(row, liked, &authors)
    };
    Ok(rows.into_iter().map(post).collect())
}

/// A row as the post of the present field, which has it at `post`. `liked` where it is known already.
pub(super) async fn post(ctx: &Context<'_>, row: domain::Post, liked: Option<bool>) -> Result<Post> {
    let liked = match liked {
        Some(liked) => liked,
        None => self::liked(ctx, "post", std::slice::from_ref(&row))
            .await?
            .contains(&row.id),
    };
    let authors = Authors::ahead(ctx, "post", std::iter::once(row.author_id)).await?;
    Ok(Post::new(row, liked, &authors))
}

/// Those that the viewer likes, if the operation wants to know.
async fn liked(ctx: &Context<'_>, path: &str, rows: &[domain::Post]) -> Result<HashSet<i64>> {
    if !wanted(ctx, path, "likedByMe") {
        return Ok(HashSet::new());
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let liked = operations::liked_by(ctx.data::<App>()?, Viewer::of(ctx)?.user(), &ids).await;
    liked.map_err(|error| failure(&error))
}
