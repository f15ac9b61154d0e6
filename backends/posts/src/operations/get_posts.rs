//! `getPosts`: the feed, newest first.

use crate::app::App;
use crate::cache::{Served, Slot, Standing};
use crate::domain::{DEFAULT_PAGE, FEED, MAX_PAGE, Post};
use crate::store::posts;
use shared_service::{ApiResult, Cursor, validate};

/// A page of the feed.
#[derive(Debug)]
pub struct Page {
    /// The posts, newest first.
    pub posts: Vec<Post>,
    /// Whether older ones follow.
    pub has_next: bool,
    /// Where the next page begins; `None` for an empty page.
    pub end_cursor: Option<String>,
    /// What it stands on.
    pub standing: Standing,
}

/// A page of `limit` posts (20 where none is given), older than `cursor`.
///
/// # Errors
/// `VALIDATION_FAILED` for `limit`, `INVALID_CURSOR`, or the database's where the cache cannot stand in.
pub async fn get_posts(app: &App, limit: Option<i32>, cursor: Option<&str>) -> ApiResult<Page> {
    let limit = validate::limit(limit, DEFAULT_PAGE, MAX_PAGE)?;
    let before = cursor
        .map(|text| Cursor::decode(FEED, text))
        .transpose()?
        .map(|cursor| cursor.id);
    // One more than wanted tells whether a page follows.
    let load = async || -> ApiResult<Vec<Post>> {
        let mut conn = app.pool.get().await?;
        Ok(posts::page(&mut conn, before, limit + 1).await?)
    };
    let cached = match before {
        None => {
            app.cache
                .through(Slot::Feed(limit), async || load().await.map(Some))
                .await?
        }
        Some(_) => None,
    };
    let served = match cached {
        Some(served) => served,
        None => Served {
            value: load().await?,
            standing: Standing::Read,
        },
    };
    Ok(page(served, limit))
}

fn page(served: Served<Vec<Post>>, limit: i64) -> Page {
    let mut posts = served.value;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_next = posts.len() > limit;
    posts.truncate(limit);
    let end_cursor = posts.last().map(|post| Cursor { id: post.id }.encode(FEED));
    Page {
        posts,
        has_next,
        end_cursor,
        standing: served.standing,
    }
}
