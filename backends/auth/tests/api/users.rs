//! `GET /api/users/{id}`.

use crate::running::{Running, problem};
use serde_json::json;

#[tokio::test]
async fn shows_what_everybody_may_know() {
    let auth = Running::new().await;
    auth.sign_up("john").await;
    let user = json!({ "id": "1", "username": "john", "fullName": "John Doe", "avatarUrl": null });
    for _ in 0..2 {
        let answer = auth.client().get("/api/users/1").await.expect_status(200);
        assert_eq!(answer.json(), json!({ "success": true, "user": user }));
    }
}

#[tokio::test]
async fn who_is_not_there_is_not_found() {
    let auth = Running::new().await;
    auth.sign_up("john").await;
    for id in ["2", "0", "-1", "+1", "01", "john", "9223372036854775808"] {
        let answer = auth.client().get(&format!("/api/users/{id}")).await;
        assert_eq!(problem(&answer), (404, "NOT_FOUND", None), "{id}");
        assert_eq!(answer.json()["message"], "User not found", "{id}");
    }
}
