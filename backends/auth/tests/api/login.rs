//! `POST /api/auth/login`.

use crate::running::{Running, log_in, problem, token};
use serde_json::{Value, json};
use shared_testkit::Client;

#[tokio::test]
async fn opens_a_session_of_its_own() {
    let auth = Running::new().await;
    let (_, first) = auth.sign_up("john").await;
    let client = auth.client();
    let answer = log_in(&client, " JOHN@test.com", "Test123").await.expect_status(200);
    let second = answer.json();
    assert_eq!((&second["success"], &second["user"]), (&json!(true), &first["user"]));
    let (first, second) = (
        auth.verify(&token(&first)).await.unwrap(),
        auth.verify(&token(&second)).await.unwrap(),
    );
    assert_ne!(first.sid, second.sid);
    for name in ["access_token", "refresh_token"] {
        assert!(
            answer.set_cookie(name).unwrap().contains("HttpOnly; SameSite=Lax"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_look_and_cost_the_same() {
    let auth = Running::new().await;
    auth.sign_up("john").await;
    let client = auth.client();
    let mut answers: Vec<Value> = Vec::new();
    for (number, (email, password)) in [("john@test.com", "Test124"), ("nobody@test.com", "Test123")]
        .into_iter()
        .enumerate()
    {
        let answer = log_in(&client, email, password).await;
        assert_eq!(problem(&answer), (401, "INVALID_CREDENTIALS", None));
        assert_eq!(auth.app.passwords_verified(), number as u64 + 1, "{email}");
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        answers.push(body);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn every_field_is_checked_and_named() {
    let auth = Running::new().await;
    let client = auth.client();
    let cases = [
        (json!({ "email": "john@test.com" }), "VALIDATION_FAILED", "password"),
        (json!({ "password": "Test123" }), "VALIDATION_FAILED", "email"),
        (
            json!({ "email": "john", "password": "Test123" }),
            "VALIDATION_FAILED",
            "email",
        ),
        (
            json!({ "email": "john@test.com", "password": "" }),
            "VALIDATION_FAILED",
            "password",
        ),
        (
            json!({ "email": "john@test.com", "password": "x".repeat(73) }),
            "VALIDATION_FAILED",
            "password",
        ),
        (
            json!({ "email": "john@test.com", "password": "Test123", "admin": true }),
            "UNKNOWN_FIELD",
            "admin",
        ),
    ];
    for (body, code, field) in cases {
        let answer = client.post_json("/api/auth/login", &body).await;
        assert_eq!(problem(&answer), (400, code, Some(field.into())), "{body}");
    }
}

async fn fail(client: &Client, email: &str, times: usize) {
    for _ in 0..times {
        log_in(client, email, "wrong").await.expect_status(401);
    }
}

#[tokio::test]
async fn ten_failures_lock_out_the_one_who_failed() {
    let auth = Running::new().await;
    auth.sign_up("john").await;
    auth.sign_up("ann").await;
    let stranger = auth.client().header("x-forwarded-for", "192.0.2.1");
    fail(&stranger, "john@test.com", 10).await;
    let answer = log_in(&stranger, "john@test.com", "Test123").await;
    assert_eq!(problem(&answer), (429, "TOO_MANY_ATTEMPTS", None));
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((880..=900).contains(&wait), "{wait}");

    let owner = auth.client().header("x-forwarded-for", "192.0.2.2");
    log_in(&owner, "john@test.com", "Test123").await.expect_status(200);
    log_in(&stranger, "ann@test.com", "Test123").await.expect_status(200);
    // An account that does not exist is locked alike.
    fail(&stranger, "nobody@test.com", 10).await;
    log_in(&stranger, "nobody@test.com", "Test123").await.expect_status(429);
}

#[tokio::test]
async fn the_right_password_clears_the_count() {
    let auth = Running::new().await;
    auth.sign_up("john").await;
    let client = auth.client();
    for _ in 0..2 {
        fail(&client, "john@test.com", 9).await;
        log_in(&client, "john@test.com", "Test123").await.expect_status(200);
    }
}

#[tokio::test]
async fn guesses_sent_at_once_do_not_outrun_the_count() {
    let auth = Running::new().await;
    let client = auth.client();
    let guess = || {
        let client = client.fresh();
        tokio::spawn(async move { log_in(&client, "john@test.com", "wrong").await.status })
    };
    let mut refused = 0;
    // No more at once than may wait for their turn.
    for _ in 0..2 {
        let guesses: Vec<_> = (0..16).map(|_| guess()).collect();
        for guess in guesses {
            refused += usize::from(guess.await.unwrap() == 429);
        }
    }
    let beside = std::thread::available_parallelism().map_or(2, usize::from) - 1;
    let tried = auth.app.passwords_verified() as usize;
    assert!((10..=10 + beside).contains(&tried), "{tried}");
    assert_eq!(refused, 32 - tried);
}

#[tokio::test]
async fn the_lock_out_holds_while_redis_is_away() {
    let auth = Running::with(|_| "--redis-url=redis://127.0.0.1:1".into()).await;
    auth.sign_up("john").await;
    let client = auth.client();
    log_in(&client, "john@test.com", "Test123").await.expect_status(200);
    fail(&client, "john@test.com", 10).await;
    log_in(&client, "john@test.com", "Test123").await.expect_status(429);
}
