//! Tokens, ended sessions, foreign origins.

use crate::support::{PATIENCE, Setup};
use http::Method;
use serde_json::json;
use shared_contracts::revocation::{REVOKED_CHANNEL, REVOKED_KEY_PREFIX};
use shared_testkit::{Client, FaultProxy, TestTokens, eventually};
use std::time::Duration;

fn with_cookie(client: &Client, token: &str) -> Client {
    client
        .fresh()
        .header("cookie", &format!("theme=dark; access_token={token}"))
}

fn with_bearer(client: &Client, token: &str) -> Client {
    client.fresh().header("authorization", &format!("Bearer {token}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_becomes_identity_headers() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let claims = TestTokens::claims(7, "zoë");
    let token = setup.tokens.sign(&claims);
    for client in [with_cookie(&edge.client(), &token), with_bearer(&edge.client(), &token)] {
        let answer = client.get("/api/auth/me").await.expect_status(200);
        assert_eq!(answer.header("ratelimit"), None, "the anonymous quota is not for users");
        let seen = answer.json();
        for (name, value) in [
            ("x-user-id", "7"),
            ("x-user-name", "zoë"),
            ("x-user-role", "user"),
            ("x-session-id", claims.sid.as_str()),
        ] {
            assert_eq!(seen["headers"][name], json!([value]), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_tokens_have_their_codes() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let good = setup.tokens.token(7, "ann");
    let mut expired = TestTokens::claims(7, "ann");
    expired.exp -= 1000;
    let mut foreign = TestTokens::claims(7, "ann");
    foreign.aud = "someone-else".into();
    let forged = format!("{}x", &good[..good.len() - 1]);
    for (token, code) in [
        (setup.tokens.sign(&expired), "TOKEN_EXPIRED"),
        (setup.tokens.sign(&foreign), "TOKEN_INVALID"),
        (TestTokens::new().token(7, "ann"), "TOKEN_INVALID"),
        (forged, "TOKEN_INVALID"),
        ("nonsense".to_owned(), "TOKEN_INVALID"),
    ] {
        let client = with_bearer(&edge.client(), &token);
        let answer = client.get("/api/notifications").await.expect_status(401);
        assert_eq!(answer.problem().code.as_str(), code);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert!(answer.header("ratelimit").is_some(), "guessing is not free");
        let optional = client.get("/api/auth/me").await.expect_status(401);
        assert_eq!(
            optional.problem().code.as_str(),
            code,
            "a client learns that it has to refresh"
        );
        client.post("/api/auth/logout").await.expect_status(200);
    }
    let answer = edge.client().get("/api/notifications").await.expect_status(401);
    assert_eq!(answer.problem().code.as_str(), "UNAUTHENTICATED");
    with_bearer(&edge.client(), &good)
        .get("/api/notifications")
        .await
        .expect_status(200);
}

/// The issuer is asked: at a start without Redis, and once the subscription that there was is lost.
#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_is_refused_while_redis_is_away() {
    for redis_at_start in [false, true] {
        let setup = Setup::new();
        let redis = FaultProxy::new(setup.redis.url()).await;
        let (setup, auth) = setup.redis_at(redis.url()).origin("AUTH").await;
        if !redis_at_start {
            redis.refuse();
        }
        let edge = setup.start().await;
        if redis_at_start {
            edge.knows_issuer().await;
            redis.cut();
        }
        let claims = TestTokens::claims(7, "ann");
        let client = with_bearer(&edge.client(), &setup.tokens.sign(&claims));
        let other = with_bearer(&edge.client(), &setup.tokens.token(7, "ann"));
        eventually(PATIENCE, || async { client.get("/api/auth/me").await.status == 200 }).await;
        auth.end_session(&claims);
        let refused = eventually(Duration::from_secs(5), || async {
            Some(client.get("/api/auth/me").await).filter(|answer| answer.status == 401)
        });
        assert_eq!(refused.await.problem().code.as_str(), "TOKEN_REVOKED");
        other.get("/api/auth/me").await.expect_status(200);
        assert_eq!(edge.status().await["revocations"], "incomplete");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_is_refused_by_every_edge_at_once() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let (one, other) = (setup.start().await, setup.start().await);
    one.knows_issuer().await;
    other.knows_issuer().await;
    let claims = TestTokens::claims(7, "ann");
    let token = setup.tokens.sign(&claims);
    for edge in [&one, &other] {
        with_bearer(&edge.client(), &token)
            .get("/api/auth/me")
            .await
            .expect_status(200);
    }
    // What auth does before it answers a logout.
    let redis = setup.redis.redis(0);
    let key = format!("{REVOKED_KEY_PREFIX}{}", claims.sid);
    redis
        .set_text(&key, &claims.exp.to_string(), Duration::from_secs(60))
        .await
        .unwrap();
    let told = json!({ "sid": claims.sid, "until": claims.exp }).to_string();
    assert_eq!(redis.publish(REVOKED_CHANNEL, &told).await.unwrap(), 2);
    for edge in [&one, &other] {
        let client = with_bearer(&edge.client(), &token);
        let refused = eventually(Duration::from_secs(1), || async {
            Some(client.get("/api/auth/me").await).filter(|answer| answer.status == 401)
        });
        assert_eq!(refused.await.problem().code.as_str(), "TOKEN_REVOKED");
    }
    // An edge that starts later loads the snapshot.
    let late = setup.start().await;
    late.knows_issuer().await;
    let answer = with_bearer(&late.client(), &token)
        .get("/api/auth/me")
        .await
        .expect_status(401);
    assert_eq!(answer.problem().code.as_str(), "TOKEN_REVOKED");
    with_bearer(&late.client(), &setup.tokens.token(7, "ann"))
        .get("/api/auth/me")
        .await
        .expect_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_in_traffic_goes_on_without_auth() {
    let (setup, auth) = Setup::new().origin("AUTH").await;
    let (setup, _notifications) = setup.origin("NOTIFICATIONS").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let address = auth.stop().await;
    edge.sees("auth", address, false).await;
    let client = with_bearer(&edge.client(), &setup.tokens.token(7, "ann"));
    client.get("/api/notifications").await.expect_status(200);
    client.get("/api/auth/me").await.expect_status(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_learned_when_auth_comes_up_and_when_they_rotate() {
    let (setup, _notifications) = Setup::new().origin("NOTIFICATIONS").await;
    let address = crate::support::free_address();
    let setup = setup
        .targets("AUTH", &[address])
        .edit("rate: 100/15m", "rate: 10000/15m");
    let edge = setup.start().await;
    let client = with_bearer(&edge.client(), &setup.tokens.token(7, "ann"));
    let answer = client.get("/api/notifications").await.expect_status(503);
    assert_eq!(
        answer.problem().code.as_str(),
        "SERVICE_UNAVAILABLE",
        "nobody is signed out because auth is late"
    );
    assert_eq!(answer.header("retry-after"), Some("1"));

    let auth = crate::origins::Origin::start_at("AUTH", &setup.tokens, address).await;
    eventually(PATIENCE, || async {
        client.get("/api/notifications").await.status == 200
    })
    .await;

    // The next key: a token that names it makes the edge look, once for all who wait.
    auth.stop().await;
    let rotated = TestTokens::new();
    let auth = crate::origins::Origin::start_at("AUTH", &rotated, address).await;
    edge.sees("auth", address, true).await;
    let client = with_bearer(&edge.client(), &rotated.token(8, "bob"));
    eventually(PATIENCE, || async {
        client.get("/api/notifications").await.status == 200
    })
    .await;
    let fetched = auth.key_sets();
    let strangers = (0..10).map(|_| with_bearer(&edge.client(), &TestTokens::new().token(9, "eve")));
    let strangers = strangers.map(|client| async move { client.get("/api/notifications").await });
    for answer in futures::future::join_all(strangers).await {
        answer.expect_status(401);
    }
    assert!(auth.key_sets() <= fetched + 2, "made-up key ids must not hammer auth");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_pages_cannot_act_with_cookies() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let signed_in = with_cookie(&edge.client(), &setup.tokens.token(7, "ann"));
    let own = format!("http://{}", edge.public);
    for (origin, status) in [
        (own.as_str(), 200),
        ("http://localhost:5173", 200),
        ("https://evil.example", 403),
        ("null", 403),
    ] {
        let answer = signed_in
            .clone()
            .header("origin", origin)
            .post("/api/auth/password")
            .await
            .expect_status(status);
        if status == 403 {
            assert_eq!(answer.problem().code.as_str(), "CROSS_SITE_REQUEST", "{origin}");
        }
    }
    signed_in
        .clone()
        .header("origin", "https://evil.example")
        .get("/api/auth/me")
        .await
        .expect_status(200);
    let upgrade = signed_in
        .header("origin", "https://evil.example")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .get("/notifications/socket.io/?EIO=4&transport=websocket")
        .await;
    assert_eq!(upgrade.expect_status(403).problem().code.as_str(), "CROSS_SITE_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_web_origin_may_read_answers() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let edge = setup.start().await;
    let page = edge.client().header("origin", "http://localhost:5173");
    let preflight = |client: Client, origin: &str| {
        client
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
    };
    let allowed = preflight(edge.client(), "http://localhost:5173");
    let answer = allowed
        .send(Method::OPTIONS, "/graphql", None, Default::default())
        .await
        .expect_status(204);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://localhost:5173")
    );
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert_eq!(answer.header("ratelimit"), None, "a preflight is not counted");
    let foreign = preflight(edge.client(), "https://evil.example");
    let answer = foreign
        .send(Method::OPTIONS, "/graphql", None, Default::default())
        .await
        .expect_status(204);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    // Errors too must be readable.
    for (path, status) in [("/api/auth/me", 200), ("/api/notifications", 401)] {
        let answer = page.get(path).await.expect_status(status);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("http://localhost:5173")
        );
        assert!(answer.header("vary").unwrap().contains("origin"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_browser_says_decides_and_a_route_may_say_more() {
    let (setup, _auth) = Setup::new()
        .edit(
            "    match: { path_prefix: /api/auth }\n",
            "    match: { path_prefix: /api/auth }\n    csrf: { trusted_origins: [\"https://m.example\"] }\n",
        )
        .edit(
            "    match: { path_prefix: /api/users }\n",
            "    match: { path_prefix: /api/users }\n    csrf: { mode: report }\n",
        )
        .origin("AUTH")
        .await;
    let edge = setup.start().await;
    edge.knows_issuer().await;
    let token = setup.tokens.token(7, "ann");
    let page = |path: &'static str, site: &'static str, origin: &'static str| {
        let client = with_cookie(&edge.client(), &token).header("sec-fetch-site", site);
        let client = if origin.is_empty() {
            client
        } else {
            client.header("origin", origin)
        };
        async move { client.post(path).await.status }
    };
    for (site, origin, status) in [
        ("same-origin", "", 200),
        ("none", "", 200),
        ("same-site", "https://m.example", 200),
        ("same-site", "https://other.example", 403),
        ("cross-site", "", 403),
        ("cross-site", "http://localhost:5173", 200),
    ] {
        assert_eq!(
            page("/api/auth/password", site, origin).await,
            status,
            "{site} {origin}"
        );
    }
    // One who shows a token in `Authorization` lends nothing to a page.
    let shown = with_bearer(&edge.client(), &token).header("cookie", "theme=dark");
    let shown = shown.header("sec-fetch-site", "cross-site");
    shown.post("/api/auth/password").await.expect_status(200);
    // Signing in is looked at without a cookie too; programs say nothing and pass.
    let stranger = edge.client().header("sec-fetch-site", "cross-site");
    stranger.post("/api/auth/login").await.expect_status(403);
    stranger.post("/api/auth/password").await.expect_status(200);
    edge.client().post("/api/auth/login").await.expect_status(200);
    let count = "edge_cross_site_requests_total{decision=\"reported\"}";
    assert_eq!(page("/api/users/1", "cross-site", "").await, 200, "only reported");
    assert_eq!(edge.metric(count).await, 1.0);
}
