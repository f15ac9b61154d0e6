//! `/health/*`.

use crate::running::{Running, database_behind};
use shared_testkit::FaultProxy;

#[tokio::test]
async fn redis_is_not_needed() {
    let auth = Running::with(|_| "--redis-url=redis://127.0.0.1:1".into()).await;
    for path in ["/health/live", "/health/ready", "/api/auth/health"] {
        auth.client().get(path).await.expect_status(200);
    }
}

#[tokio::test]
async fn postgres_is() {
    let proxy = FaultProxy::new(&std::env::var("TEST_DATABASE_URL").unwrap()).await;
    let auth = Running::with(|db| database_behind(&proxy, db)).await;
    auth.client().get("/health/ready").await.expect_status(200);
    proxy.cut();
    auth.client().get("/health/live").await.expect_status(200);
    let answer = auth.client().get("/api/auth/health").await.expect_status(503);
    assert_eq!(answer.json()["missing"], serde_json::json!(["postgres"]));
}
