//! Batched look-ups, new for each request: one query for a page's likes, one look-up for its authors.

use crate::app::App;
use crate::store::likes;
use async_graphql::Request;
use async_graphql::dataloader::{DataLoader, Loader};
use shared_postgres::Pool;
use shared_service::graphql::Authors;
use shared_service::{ApiError, ApiResult, Caller};
use std::{collections::HashMap, sync::Arc};

/// Gives `request` its loaders.
pub(super) fn prepare(request: Request, caller: &Caller, app: &App) -> Request {
    let viewer = caller.user.as_ref().map(|user| user.id);
    let likes = LikeLoader {
        pool: app.pool.clone(),
        viewer,
    };
    request
        .data(Authors::loader(&app.users, caller))
        .data(DataLoader::new(likes, tokio::spawn))
}

/// Which posts the viewer likes, by the posts' ids; those not liked are left out.
pub(super) struct LikeLoader {
    pool: Pool,
    viewer: Option<i64>,
}

impl LikeLoader {
    async fn liked(&self, post_ids: &[i64]) -> ApiResult<HashMap<i64, ()>> {
        let Some(viewer) = self.viewer else {
            return Ok(HashMap::new());
        };
        let mut conn = self.pool.get().await?;
        let liked = likes::liked_by(&mut conn, viewer, post_ids).await?;
        Ok(liked.into_iter().map(|id| (id, ())).collect())
    }
}

impl Loader<i64> for LikeLoader {
    type Value = ();
    type Error = Arc<ApiError>;

    async fn load(&self, post_ids: &[i64]) -> Result<HashMap<i64, ()>, Arc<ApiError>> {
        self.liked(post_ids).await.map_err(Arc::new)
    }
}
