//! Who may connect, and as whom.

use super::support::{ANN, BOB, Sio, World};
use serde_json::json;
use shared_testkit::{Client, TestTokens};

async fn is_ann(mut socket: Sio) {
    assert_eq!(socket.call("subscribe", &json!(ANN)).await, json!({ "ok": true }));
    assert_eq!(socket.call("subscribe", &json!(BOB)).await["code"], "FORBIDDEN");
}

async fn is_nobody(mut socket: Sio) {
    assert_eq!(socket.call("subscribe", &json!(ANN)).await["code"], "UNAUTHENTICATED");
    assert_eq!(socket.call("subscribe-post", &json!(5)).await, json!({ "ok": true }));
}

#[tokio::test]
async fn each_way_of_showing_who_one_is_counts() {
    let (world, instance) = World::with_instance().await;
    let token = world.auth.tokens.token(ANN, "ann");
    let cookie = instance.direct();
    cookie.set_cookie("access_token", &token);
    is_ann(Sio::open(cookie.clone()).await.unwrap()).await;
    for origin in ["http://localhost:5173", &format!("http://{}", instance.address)] {
        is_ann(Sio::open(cookie.clone().header("origin", origin)).await.unwrap()).await;
    }
    let bearer = instance.direct().header("authorization", &format!("Bearer {token}"));
    is_ann(Sio::open(bearer).await.unwrap()).await;
    let auth = json!({ "token": token });
    is_ann(Sio::open_with(instance.direct(), &auth).await.unwrap()).await;
    is_ann(Sio::open_with(instance.through_edge_unknown(), &auth).await.unwrap()).await;
    is_ann(Sio::open(instance.through_edge(ANN, "ann")).await.unwrap()).await;
}

#[tokio::test]
async fn without_credentials_one_is_nobody() {
    let (world, instance) = World::with_instance().await;
    is_nobody(Sio::open(instance.direct()).await.unwrap()).await;
    is_nobody(Sio::open(instance.through_edge_unknown()).await.unwrap()).await;
    let forged = instance.direct().header("x-user-id", "1").header("x-session-id", "s");
    is_nobody(Sio::open(forged.clone()).await.unwrap()).await;
    let not_the_edge = Client::peer(instance.address, &world.tokens, "posts").header("x-user-id", "1");
    is_nobody(Sio::open(not_the_edge).await.unwrap()).await;
    is_nobody(Sio::open(forged.header("x-service-token", "edge.guess")).await.unwrap()).await;
    for odd in [json!({ "token": "" }), json!({ "token": 7 }), json!({})] {
        is_nobody(Sio::open_with(instance.direct(), &odd).await.unwrap()).await;
    }
}

#[tokio::test]
async fn bad_credentials_are_refused_with_their_code() {
    let (world, instance) = World::with_instance().await;
    let refused = async |token: &str| {
        let by_auth = Sio::open_with(instance.direct(), &json!({ "token": token }))
            .await
            .err();
        let bearer = instance.direct().header("authorization", &format!("Bearer {token}"));
        assert_eq!(by_auth, Sio::open(bearer).await.err());
        let cookie = instance.direct();
        cookie.set_cookie("access_token", token);
        assert_eq!(by_auth, Sio::open(cookie).await.err());
        by_auth.expect("a refusal")
    };
    assert_eq!(refused("nonsense").await, "TOKEN_INVALID");
    let mut claims = TestTokens::claims(ANN, "ann");
    claims.exp = claims.iat - 60;
    assert_eq!(refused(&world.auth.tokens.sign(&claims)).await, "TOKEN_EXPIRED");
    let mut claims = TestTokens::claims(ANN, "ann");
    claims.aud = "others".into();
    assert_eq!(refused(&world.auth.tokens.sign(&claims)).await, "TOKEN_INVALID");
    assert_eq!(
        refused(&TestTokens::new().token(ANN, "ann")).await,
        "TOKEN_INVALID",
        "another issuer's key"
    );
}

#[tokio::test]
async fn a_foreign_page_cannot_use_a_visitors_cookie() {
    let (world, instance) = World::with_instance().await;
    let cookie = instance.direct();
    cookie.set_cookie("access_token", &world.auth.tokens.token(ANN, "ann"));
    let foreign = cookie.header("origin", "http://evil.example");
    assert_eq!(Sio::open(foreign).await.err().as_deref(), Some("CROSS_SITE_REQUEST"));
}

#[tokio::test]
async fn keys_are_fetched_once_auth_is_there() {
    let world = World::new().await;
    world.auth.set_away(true);
    let instance = world.start().await;
    let auth = json!({ "token": world.auth.tokens.token(ANN, "ann") });
    let refused = Sio::open_with(instance.direct(), &auth).await.err();
    assert_eq!(refused.as_deref(), Some("SERVICE_UNAVAILABLE"));
    world.auth.set_away(false);
    let socket = shared_testkit::eventually(super::support::SOON, || Sio::open_with(instance.direct(), &auth)).await;
    is_ann(socket).await;
}

#[tokio::test]
async fn cors_is_for_direct_clients_alone() {
    let (_world, instance) = World::with_instance().await;
    let path = "/socket.io/?EIO=4&transport=polling";
    let origin = "http://localhost:5173";
    let direct = instance.direct().header("origin", origin);
    let answer = direct.get(path).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    let preflight = direct.header("access-control-request-method", "POST");
    let answer = preflight
        .send(http::Method::OPTIONS, path, None, "".into())
        .await
        .expect_status(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));

    let foreign = instance
        .direct()
        .header("origin", "http://evil.example")
        .get(path)
        .await;
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    let edge = instance
        .through_edge(ANN, "ann")
        .header("origin", origin)
        .get(path)
        .await
        .expect_status(200);
    assert_eq!(
        edge.header("access-control-allow-origin"),
        None,
        "the edge adds its own"
    );
}
