//! Sessions that end while their sockets are open.

use super::support::{ANN, SOON, Sio, World};
use serde_json::json;
use shared_contracts::{
    claims::Claims,
    revocation::{REVOKED_CHANNEL, REVOKED_KEY_PREFIX, Revocation},
};
use shared_testkit::{TestTokens, eventually};
use std::time::Duration;

/// Ends the session as auth does; true if an instance heard of it.
async fn log_out(world: &World, claims: &Claims) -> bool {
    let redis = world.redis.redis(0);
    let key = format!("{REVOKED_KEY_PREFIX}{}", claims.sid);
    redis
        .set_text(&key, &claims.exp.to_string(), Duration::from_secs(900))
        .await
        .unwrap();
    let revocation = Revocation::session(&claims.sid, claims.exp);
    redis.publish(REVOKED_CHANNEL, &revocation.json()).await.unwrap() > 0
}

#[tokio::test]
async fn a_logout_disconnects_the_sessions_sockets_and_no_others() {
    let (world, instance) = World::with_instance().await;
    let (ended, other) = (TestTokens::claims(ANN, "ann"), TestTokens::claims(ANN, "ann"));
    let auth = |claims| json!({ "token": world.auth.tokens.sign(claims) });
    let through_edge = instance.through_edge(ANN, "ann").header("x-session-id", &ended.sid);
    let mut direct = Sio::open_with(instance.direct(), &auth(&ended)).await.unwrap();
    let mut edge = Sio::open(through_edge.clone()).await.unwrap();
    let mut staying = Sio::open_with(instance.direct(), &auth(&other)).await.unwrap();
    eventually(SOON, || log_out(&world, &ended)).await;
    direct.disconnected().await;
    edge.disconnected().await;
    assert_eq!(
        Sio::open_with(instance.direct(), &auth(&ended)).await.err().as_deref(),
        Some("TOKEN_REVOKED")
    );
    assert_eq!(Sio::open(through_edge).await.err().as_deref(), Some("TOKEN_REVOKED"));
    assert_eq!(staying.call("subscribe", &json!(ANN)).await["ok"], true);
}

#[tokio::test]
async fn an_instance_that_starts_later_knows_of_it() {
    let world = World::new().await;
    let claims = TestTokens::claims(ANN, "ann");
    log_out(&world, &claims).await;
    let instance = world.start().await;
    let auth = json!({ "token": world.auth.tokens.sign(&claims) });
    eventually(SOON, || async {
        Sio::open_with(instance.direct(), &auth).await.err().as_deref() == Some("TOKEN_REVOKED")
    })
    .await;
}

#[tokio::test]
async fn a_logout_missed_while_redis_was_away_counts_once_it_is_back() {
    let world = World::new().await;
    let proxy = shared_testkit::FaultProxy::new(world.redis.url()).await;
    let mut config = world.config();
    config.redis.url = proxy.url().into();
    let instance = world.start_with(&config).await;
    let claims = TestTokens::claims(ANN, "ann");
    let auth = json!({ "token": world.auth.tokens.sign(&claims) });
    let mut socket = Sio::open_with(instance.direct(), &auth).await.unwrap();
    proxy.cut();
    log_out(&world, &claims).await;
    proxy.resume();
    socket.disconnected().await;
}

/// Auth is asked: at a start without Redis, and once the subscription that there was is lost.
#[tokio::test]
async fn a_logout_counts_while_redis_is_away() {
    for redis_at_start in [false, true] {
        let world = World::new().await;
        let proxy = shared_testkit::FaultProxy::new(world.redis.url()).await;
        if !redis_at_start {
            proxy.refuse();
        }
        let mut config = world.config();
        config.redis.url = proxy.url().into();
        let instance = world.start_with(&config).await;
        let (ended, other) = (TestTokens::claims(ANN, "ann"), TestTokens::claims(ANN, "ann"));
        let auth = |claims| json!({ "token": world.auth.tokens.sign(claims) });
        let mut socket = Sio::open_with(instance.direct(), &auth(&ended)).await.unwrap();
        let mut staying = Sio::open_with(instance.direct(), &auth(&other)).await.unwrap();
        if redis_at_start {
            let someone = TestTokens::claims(ANN, "ann");
            eventually(SOON, || log_out(&world, &someone)).await;
            proxy.cut();
        }
        world.auth.end_session(&ended);
        socket.disconnected().await;
        assert_eq!(
            Sio::open_with(instance.direct(), &auth(&ended)).await.err().as_deref(),
            Some("TOKEN_REVOKED")
        );
        assert_eq!(staying.call("subscribe", &json!(ANN)).await["ok"], true);
    }
}
