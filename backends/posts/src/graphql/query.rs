//! Reading; anonymous callers may.

use super::ahead;
use super::types::{GetPostsInput, PostPayload, PostsPayload};
use crate::app::App;
use crate::cache::Standing;
use crate::operations::{self, Page};
use async_graphql::{Context, ID, Object, Result};
use shared_service::ApiError;
use shared_service::graphql::{PageInfo, Viewer, answer};

/// What is said beside an answer that the cache gave in the database's place.
const FROM_MEMORY: &str = "This may be out of date";

/// What can be asked.
pub(super) struct Query;

#[Object]
impl Query {
    /// The feed, newest first.
    async fn get_posts(&self, ctx: &Context<'_>, input: Option<GetPostsInput>) -> Result<Option<PostsPayload>> {
        let input = input.unwrap_or_default();
        let mut page = operations::get_posts(ctx.data::<App>()?, input.limit, input.cursor.as_deref()).await;
        let message = told(ctx, page.as_ref().map(|page| &page.standing))?;
        let posts = match &mut page {
            Ok(page) => ahead::posts(ctx, std::mem::take(&mut page.posts)).await?,
            Err(_) => Vec::new(),
        };
        answer(page, message, |outcome, page| PostsPayload {
            outcome,
            posts,
            page_info: page.map(page_info).unwrap_or_default(),
        })
    }

    /// One post.
    async fn get_post(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PostPayload>> {
        let served = operations::get_post(ctx.data::<App>()?, &id).await;
        let message = told(ctx, served.as_ref().map(|served| &served.standing))?;
        let post = match served {
            Ok(served) => Ok(ahead::post(ctx, served.value, None).await?),
            Err(error) => Err(error),
        };
        answer(post, message, |outcome, post| PostPayload { outcome, post })
    }
}

fn page_info(page: Page) -> PageInfo {
    PageInfo {
        has_next_page: page.has_next,
        end_cursor: page.end_cursor,
    }
}

/// Tells whoever remembers answers what this one stands on; what is said to the client where it may be out of date.
fn told(ctx: &Context<'_>, standing: std::result::Result<&Standing, &ApiError>) -> Result<Option<&'static str>> {
    let reliance = Viewer::of(ctx)?.reliance();
    let Ok(standing) = standing else {
        reliance.once();
        return Ok(None);
    };
    standing.tell(reliance);
    Ok(standing.is_memory().then_some(FROM_MEMORY))
}
