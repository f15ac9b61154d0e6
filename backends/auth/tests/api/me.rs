//! `GET /api/auth/me`.

use crate::running::{Running, problem};
use serde_json::json;
use shared_testkit::Client;

#[tokio::test]
async fn tells_whom_the_edge_vouches_for() {
    let auth = Running::new().await;
    let (_, answer) = auth.sign_up("john").await;
    let me = auth
        .client()
        .as_user(1, "john")
        .get("/api/auth/me")
        .await
        .expect_status(200);
    assert_eq!(me.json(), json!({ "success": true, "user": answer["user"] }));
    assert_eq!(me.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn nobody_else_is_told() {
    let auth = Running::new().await;
    auth.sign_up("john").await;
    let forger = Client::new(auth.address)
        .header("x-user-id", "1")
        .header("x-service-token", "edge.guess");
    let service = Client::peer(auth.address, &auth.tokens, "posts").header("x-user-id", "1");
    for client in [auth.client(), forger, service, auth.client().as_user(99, "ghost")] {
        assert_eq!(
            problem(&client.get("/api/auth/me").await),
            (401, "UNAUTHENTICATED", None)
        );
    }
}
