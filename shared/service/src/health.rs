//! `/health/live` says that the process runs, `/health/ready` that it can work.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;
use std::{future::Future, sync::Arc, time::Duration};

/// A part that takes longer to answer counts as away.
const CHECK_BUDGET: Duration = Duration::from_secs(1);

type Check = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// What a service needs to be ready: named checks, each bounded to one second.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<(&'static str, Check)>,
}

impl Readiness {
    /// Needs nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part; `check` tells whether it is there.
    #[must_use]
    pub fn needs<F, Fut>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.checks.push((name, Arc::new(move || check().boxed())));
        self
    }

    /// Needs the service's database.
    #[must_use]
    pub fn needs_database(self, pool: &shared_postgres::Pool) -> Self {
        let pool = pool.clone();
        self.needs("postgres", move || {
            let pool = pool.clone();
            async move { shared_postgres::ping(&pool).await.is_ok() }
        })
    }

    /// The names of the parts that are away.
    async fn missing(&self) -> Vec<&'static str> {
        let results = futures::future::join_all(self.checks.iter().map(|(name, check)| async {
            let there = tokio::time::timeout(CHECK_BUDGET, check()).await.unwrap_or(false);
            (!there).then_some(*name)
        }));
        results.await.into_iter().flatten().collect()
    }
}

pub(crate) fn routes(name: &'static str, readiness: Readiness) -> Router {
    let live = move || async move { Json(json!({ "success": true, "status": "ok", "service": name })) };
    let ready = move |State(readiness): State<Readiness>| ready(name, readiness);
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route(&format!("/api/{name}/health"), get(ready))
        .with_state(readiness)
}

async fn ready(name: &'static str, readiness: Readiness) -> Response {
    let missing = readiness.missing().await;
    if missing.is_empty() {
        return Json(json!({ "success": true, "status": "ok", "service": name })).into_response();
    }
    tracing::warn!(?missing, "not ready");
    let body = json!({ "success": false, "status": "unavailable", "service": name, "missing": missing });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}
