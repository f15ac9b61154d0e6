//! `POST /api/auth/refresh`.

use crate::running::{Running, SOON, problem, token};
use serde_json::json;
use shared_postgres::SimpleAsyncConnection;
use shared_testkit::{Answer, Client, eventually};

const PATH: &str = "/api/auth/refresh";
/// Counts those that wait for a row that another holds.
const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

fn refused(answer: &Answer) {
    assert_eq!(problem(answer), (401, "REFRESH_TOKEN_INVALID", None));
    for name in ["access_token", "refresh_token"] {
        assert!(answer.set_cookie(name).unwrap().contains("Max-Age=0"), "{answer:?}");
    }
}

fn holding(auth: &Running, refresh_token: &str) -> Client {
    let client = auth.client();
    client.set_cookie("refresh_token", refresh_token);
    client
}

#[tokio::test]
async fn gives_a_new_pair_in_the_same_session() {
    let auth = Running::new().await;
    let (client, before) = auth.sign_up("john").await;
    let old = client.cookie("refresh_token").unwrap();
    let after = client.post(PATH).await.expect_status(200).json();
    assert_eq!((&after["success"], &after["user"]), (&json!(true), &before["user"]));
    assert_eq!(after.get("refreshToken"), None);
    let (before, after) = (
        auth.verify(&token(&before)).await.unwrap(),
        auth.verify(&token(&after)).await.unwrap(),
    );
    assert_eq!(before.sid, after.sid);
    assert_ne!(before.jti, after.jti);
    assert_ne!(client.cookie("refresh_token").unwrap(), old);
    client.post(PATH).await.expect_status(200);
}

#[tokio::test]
async fn an_old_token_ends_the_session() {
    let auth = Running::new().await;
    let (client, first) = auth.sign_up("john").await;
    let (other, _) = auth.sign_in("john").await;
    let old = client.cookie("refresh_token").unwrap();
    client.post(PATH).await.expect_status(200);
    assert!(!auth.is_revoked(&token(&first)).await);
    refused(&holding(&auth, &old).post(PATH).await);
    assert!(auth.is_revoked(&token(&first)).await);
    refused(&client.post(PATH).await);
    // Another session of the same user has nothing to do with it.
    other.post(PATH).await.expect_status(200);
}

#[tokio::test]
async fn a_token_older_than_the_last_ends_the_session_for_browsers_too() {
    let auth = Running::new().await;
    let (client, _) = auth.sign_up("john").await;
    let old = client.cookie("refresh_token").unwrap();
    client.post(PATH).await.expect_status(200);
    client.post(PATH).await.expect_status(200);
    refused(
        &holding(&auth, &old)
            .header("sec-fetch-site", "same-origin")
            .post(PATH)
            .await,
    );
    refused(&client.post(PATH).await);
}

#[tokio::test]
async fn tabs_of_one_browser_get_the_same_token() {
    let auth = Running::new().await;
    let (client, _) = auth.sign_up("john").await;
    let client = client.header("sec-fetch-site", "same-origin");
    let tab = holding(&auth, &client.cookie("refresh_token").unwrap()).header("sec-fetch-site", "same-origin");
    client.post(PATH).await.expect_status(200);
    tab.post(PATH).await.expect_status(200);
    assert_eq!(tab.cookie("refresh_token"), client.cookie("refresh_token"));
    tab.post(PATH).await.expect_status(200);
}

#[tokio::test]
async fn tabs_are_forgiven_for_ten_seconds_only() {
    let auth = Running::new().await;
    let (client, _) = auth.sign_up("john").await;
    let tab = holding(&auth, &client.cookie("refresh_token").unwrap()).header("sec-fetch-site", "same-origin");
    client.post(PATH).await.expect_status(200);
    auth.db
        .execute("UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds'")
        .await;
    refused(&tab.post(PATH).await);
    refused(&client.post(PATH).await);
}

#[tokio::test]
async fn requests_that_run_beside_each_other_get_the_same_token() {
    let auth = Running::new().await;
    let (client, _) = auth.sign_up("john").await;
    let old = client.cookie("refresh_token").unwrap();
    // The session's row is held until all have arrived, so that all of them overlap.
    let pool = auth.db.pool();
    let mut held = pool.get().await.unwrap();
    held.batch_execute("BEGIN; SELECT id FROM sessions FOR UPDATE")
        .await
        .unwrap();
    let requests: Vec<_> = (0..4)
        .map(|_| {
            let client = holding(&auth, &old);
            tokio::spawn(async move {
                client.post(PATH).await.expect_status(200);
                client.cookie("refresh_token").unwrap()
            })
        })
        .collect();
    eventually(SOON, async || auth.count(WAITING).await == 4).await;
    held.batch_execute("COMMIT").await.unwrap();
    let mut successors = Vec::new();
    for request in requests {
        successors.push(request.await.unwrap());
    }
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert_ne!(successors[0], old);
    holding(&auth, &successors[0]).post(PATH).await.expect_status(200);
}

#[tokio::test]
async fn a_client_without_a_jar_uses_the_body() {
    let auth = Running::new().await;
    let (client, _) = auth.sign_up("john").await;
    let shown = json!({ "refreshToken": client.cookie("refresh_token").unwrap() });
    let answer = auth.client().post_json(PATH, &shown).await.expect_status(200).json();
    let next = json!({ "refreshToken": answer["refreshToken"].as_str().unwrap() });
    auth.client().post_json(PATH, &next).await.expect_status(200);
    refused(&auth.client().post_json(PATH, &shown).await);
}

#[tokio::test]
async fn what_was_never_made_is_refused() {
    let auth = Running::new().await;
    refused(&auth.client().post(PATH).await);
    refused(&holding(&auth, "nonsense").post(PATH).await);
    let answer = auth.client().post_json(PATH, &json!({ "token": "x" })).await;
    assert_eq!(problem(&answer), (400, "UNKNOWN_FIELD", Some("token".into())));
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let auth = Running::new().await;
    let (client, _) = auth.sign_up("john").await;
    auth.db
        .execute("UPDATE refresh_tokens SET expires_at = now() - interval '1 second'")
        .await;
    refused(&client.post(PATH).await);
}

#[tokio::test]
async fn the_database_holds_no_token() {
    let auth = Running::new().await;
    let (client, _) = auth.sign_up("john").await;
    let (old, _) = (
        client.cookie("refresh_token").unwrap(),
        client.post(PATH).await.expect_status(200),
    );
    let new = client.cookie("refresh_token").unwrap();
    for token in [old, new] {
        let plain =
            format!("hash = convert_to('{token}', 'UTF8') OR position(convert_to('{token}', 'UTF8') IN successor) > 0");
        assert_eq!(
            auth.count(&format!("SELECT count(*) FROM refresh_tokens WHERE {plain}"))
                .await,
            0
        );
        let hashed = format!("hash = sha256(convert_to('{token}', 'UTF8'))");
        assert_eq!(
            auth.count(&format!("SELECT count(*) FROM refresh_tokens WHERE {hashed}"))
                .await,
            1
        );
    }
}
