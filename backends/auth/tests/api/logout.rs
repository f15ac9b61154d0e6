//! `POST /api/auth/logout`.

use crate::running::{Running, SOON, account, database_behind, problem, token};
use serde_json::{Value, json};
use shared_contracts::revocation::{REVOKED_CHANNEL, REVOKED_KEY_PREFIX, Revocation, Revoked};
use shared_redis::Event;
use shared_testkit::{Answer, FaultProxy, eventually};

const PATH: &str = "/api/auth/logout";

fn logged_out(answer: Answer) {
    let answer = answer.expect_status(200);
    assert_eq!(answer.json()["success"], json!(true));
    for (name, path) in [("access_token", "/"), ("refresh_token", "/api/auth")] {
        let cookie = answer.set_cookie(name).unwrap();
        assert!(cookie.starts_with(&format!("{name}=;")), "{cookie}");
        assert!(cookie.ends_with(&format!("; Path={path}; Max-Age=0")), "{cookie}");
    }
}

#[tokio::test]
async fn tells_all_verifiers_before_it_answers() {
    let auth = Running::new().await;
    let (client, answer) = auth.sign_up("john").await;
    let claims = auth.verify(&token(&answer)).await.unwrap();
    let redis = auth.redis.redis(0);
    let mut events = redis.subscribe(&[REVOKED_CHANNEL], &[]);
    assert_eq!(events.recv().await, Some(Event::Subscribed));
    let refresh_token = client.cookie("refresh_token").unwrap();
    logged_out(client.post(PATH).await);

    let key = format!("{REVOKED_KEY_PREFIX}{}", claims.sid);
    let until: u64 = redis
        .get_text(&key)
        .await
        .unwrap()
        .expect("a revocation")
        .parse()
        .unwrap();
    assert!(until > claims.exp, "{until}");
    let left: i64 = redis
        .query(shared_redis::redis::cmd("TTL").arg(redis.key(&key)))
        .await
        .unwrap();
    assert!((900..=960).contains(&left), "{left}");
    let told = tokio::time::timeout(SOON, events.recv()).await.unwrap();
    let Some(Event::Message { channel, payload }) = told else {
        panic!("{told:?}")
    };
    assert_eq!(channel, REVOKED_CHANNEL);
    let revocation: Revocation = serde_json::from_str(&payload).unwrap();
    assert_eq!(revocation, Revocation::session(&claims.sid, until));

    let late = auth.client();
    late.set_cookie("refresh_token", &refresh_token);
    late.post("/api/auth/refresh").await.expect_status(401);
}

#[tokio::test]
async fn ends_this_session_or_all() {
    let auth = Running::new().await;
    let (first, _) = auth.sign_up("john").await;
    let (second, second_answer) = auth.sign_in("john").await;
    let (third, third_answer) = auth.sign_in("john").await;
    let (ann, ann_answer) = auth.sign_up("ann").await;
    logged_out(first.post(PATH).await);
    assert!(!auth.is_revoked(&token(&second_answer)).await);

    logged_out(second.post(&format!("{PATH}?all=true")).await);
    assert!(auth.is_revoked(&token(&second_answer)).await);
    assert!(auth.is_revoked(&token(&third_answer)).await);
    // All that was given to the user before is told too, in one message; what comes after is good.
    let claims = auth.verify(&token(&second_answer)).await.unwrap();
    let (key, _) = Revocation::user(&claims.sub, 0, 0).entry();
    let value = auth.redis.redis(0).get_text(&key).await.unwrap().expect("a revocation");
    let Some(Revocation {
        what: Revoked::User { sub, before },
        until,
    }) = Revocation::from_entry(&key, &value)
    else {
        panic!("{value}");
    };
    assert_eq!(sub, claims.sub);
    assert!(before >= claims.iat && until > claims.exp, "{value}");
    let (_, again) = auth.sign_in("john").await;
    let again = auth.verify(&token(&again)).await.unwrap();
    assert!(again.iat >= before && !auth.is_ended(&again.sid).await);
    third.post("/api/auth/refresh").await.expect_status(401);
    assert!(!auth.is_revoked(&token(&ann_answer)).await);
    ann.post("/api/auth/refresh").await.expect_status(200);
}

#[tokio::test]
async fn an_ended_session_cannot_end_others() {
    let auth = Running::new().await;
    let (first, answer) = auth.sign_up("john").await;
    let (_, other) = auth.sign_in("john").await;
    logged_out(first.post(PATH).await);
    let thief = auth
        .client()
        .header("authorization", &format!("Bearer {}", token(&answer)));
    logged_out(thief.post(&format!("{PATH}?all=true")).await);
    assert!(!auth.is_revoked(&token(&other)).await);
}

/// Each way in which a client can name its session.
#[tokio::test]
async fn knows_the_session_by_any_token() {
    let auth = Running::new().await;
    auth.sign_up("john").await;
    for way in ["bearer", "access cookie", "refresh cookie", "refresh body", "edge"] {
        let (signed_in, answer) = auth.sign_in("john").await;
        let refresh = signed_in.cookie("refresh_token").unwrap();
        let claims = auth.verify(&token(&answer)).await.unwrap();
        let client = auth.client();
        let client = match way {
            "bearer" => client.header("authorization", &format!("Bearer {}", token(&answer))),
            "edge" => client.as_user(1, "john").header("x-session-id", &claims.sid),
            _ => client,
        };
        match way {
            "access cookie" => client.set_cookie("access_token", &token(&answer)),
            "refresh cookie" => client.set_cookie("refresh_token", &refresh),
            _ => {}
        }
        let body = if way == "refresh body" {
            json!({ "refreshToken": refresh })
        } else {
            json!({})
        };
        logged_out(client.post_json(PATH, &body).await);
        assert!(auth.is_revoked(&token(&answer)).await, "{way}");
    }
}

#[tokio::test]
async fn nobody_may_log_out_too_and_foreign_tokens_end_nothing() {
    let auth = Running::new().await;
    let (_, answer) = auth.sign_up("john").await;
    logged_out(auth.client().post(PATH).await);
    let sid = auth.verify(&token(&answer)).await.unwrap().sid.clone();
    let foreign = shared_testkit::TestTokens::new();
    let mut claims = shared_testkit::TestTokens::claims(1, "john");
    claims.sid = sid;
    let client = auth.client();
    client.set_cookie("access_token", &foreign.sign(&claims));
    client.set_cookie("refresh_token", "nonsense");
    logged_out(client.post(PATH).await);
    assert!(!auth.is_revoked(&token(&answer)).await);
    let answer = auth.client().post(&format!("{PATH}?all=perhaps")).await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[tokio::test]
async fn identity_headers_count_from_the_edge_alone() {
    let auth = Running::new().await;
    let (_, answer) = auth.sign_up("john").await;
    let sid = auth.verify(&token(&answer)).await.unwrap().sid.clone();
    let forger = shared_testkit::Client::new(auth.address)
        .header("x-user-id", "1")
        .header("x-session-id", &sid);
    logged_out(forger.post(PATH).await);
    assert!(!auth.is_revoked(&token(&answer)).await);
}

async fn behind(proxy: &FaultProxy) -> Running {
    Running::with(|_| format!("--redis-url={}", proxy.url())).await
}

#[tokio::test]
async fn while_redis_is_away_the_database_knows_and_the_push_is_made_up_for() {
    let proxy = FaultProxy::new(&std::env::var("TEST_REDIS_URL").unwrap()).await;
    let auth = behind(&proxy).await;
    let (client, answer) = auth.sign_up("john").await;
    let refresh_token = client.cookie("refresh_token").unwrap();
    proxy.cut();
    logged_out(client.post(PATH).await);
    assert!(!auth.is_revoked(&token(&answer)).await);
    let late = auth.client();
    late.set_cookie("refresh_token", &refresh_token);
    late.post("/api/auth/refresh").await.expect_status(401);
    proxy.resume();
    eventually(SOON, async || auth.is_revoked(&token(&answer)).await).await;
}

#[tokio::test]
async fn a_redis_that_forgot_is_told_again() {
    let proxy = FaultProxy::new(&std::env::var("TEST_REDIS_URL").unwrap()).await;
    let auth = behind(&proxy).await;
    let (client, answer) = auth.sign_up("john").await;
    logged_out(client.post(PATH).await);
    let sid = auth.verify(&token(&answer)).await.unwrap().sid.clone();
    let redis = auth.redis.redis(0);
    assert_eq!(redis.del(&[&format!("{REVOKED_KEY_PREFIX}{sid}")]).await.unwrap(), 1);
    proxy.disconnect();
    eventually(SOON, async || auth.is_revoked(&token(&answer)).await).await;
}

#[tokio::test]
async fn without_the_database_it_says_so_and_clears_the_cookies() {
    let proxy = FaultProxy::new(&std::env::var("TEST_DATABASE_URL").unwrap()).await;
    let auth = Running::with(|db| database_behind(&proxy, db)).await;
    let (client, _): (_, Value) = auth.sign_up("john").await;
    proxy.cut();
    let answer = client.post(PATH).await;
    assert_eq!(problem(&answer), (503, "SERVICE_UNAVAILABLE", None));
    assert!(answer.header("retry-after").is_some());
    assert!(answer.set_cookie("access_token").unwrap().contains("Max-Age=0"));
    let answer = auth.client().post_json("/api/auth/signup", &account("ann")).await;
    assert_eq!(problem(&answer), (503, "SERVICE_UNAVAILABLE", None));
    proxy.resume();
    eventually(SOON, async || {
        auth.client()
            .post_json("/api/auth/signup", &account("ann"))
            .await
            .status
            == 201
    })
    .await;
}
