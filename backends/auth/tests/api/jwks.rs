//! `GET /.well-known/jwks.json`, and the rotation of keys.

use crate::running::{Running, config, token};
use auth::{App, Config};
use clap::Parser;
use shared_contracts::claims::JWKS_PATH;
use shared_identity::TokenError;
use shared_service::Shutdown;
use shared_testkit::serve;

async fn kids(auth: &Running) -> Vec<String> {
    let set = auth.client().get(JWKS_PATH).await.json();
    let keys = set["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn publishes_the_public_part_alone() {
    let auth = Running::new().await;
    let answer = auth.client().get(JWKS_PATH).await.expect_status(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let set = answer.json();
    let key = set["keys"][0].as_object().unwrap();
    let mut names: Vec<&str> = key.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(
        (key["kty"].as_str(), key["crv"].as_str(), key["alg"].as_str()),
        (Some("OKP"), Some("Ed25519"), Some("EdDSA"))
    );
}

#[tokio::test]
async fn rotates_without_a_gap() {
    let auth = Running::new().await;
    let (_, answer) = auth.sign_up("john").await;
    let old_token = token(&answer);
    let old = kids(&auth).await;
    assert_eq!(old.len(), 1);

    // Published, but it does not sign yet. A second rotation meanwhile makes nothing.
    for _ in 0..2 {
        auth::rotate_keys(&auth.config).await.unwrap();
    }
    auth.app.reload_keys().await.unwrap();
    let both = kids(&auth).await;
    assert_eq!(both.len(), 2);
    assert!(both.contains(&old[0]));
    auth.verify(&old_token).await.unwrap();
    let (_, meanwhile) = auth.sign_in("john").await;
    assert_eq!(kid(&token(&meanwhile)), old[0]);

    // An hour later it signs, and what the old one signed still counts.
    auth.db
        .execute("UPDATE signing_keys SET active_from = active_from - interval '1 hour'")
        .await;
    auth.app.reload_keys().await.unwrap();
    let (_, later) = auth.sign_in("john").await;
    assert_ne!(kid(&token(&later)), old[0]);
    for token in [&old_token, &token(&later)] {
        auth.verify(token).await.unwrap();
    }

    // When its last token has expired the old key goes.
    auth.db
        .execute("UPDATE signing_keys SET retired_at = retired_at - interval '3 hours'")
        .await;
    auth.app.reload_keys().await.unwrap();
    assert_eq!(kids(&auth).await, [kid(&token(&later))]);
    assert_eq!(auth.verify(&old_token).await, Err(TokenError::UnknownKey));
    auth.verify(&token(&later)).await.unwrap();
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

#[tokio::test]
async fn a_key_that_signed_long_enough_is_followed_by_another() {
    let auth = Running::new().await;
    auth.db
        .execute("UPDATE signing_keys SET active_from = active_from - interval '29 days'")
        .await;
    auth.app.reload_keys().await.unwrap();
    assert_eq!(kids(&auth).await.len(), 1);
    auth.db
        .execute("UPDATE signing_keys SET active_from = active_from - interval '1 day'")
        .await;
    for _ in 0..2 {
        auth.app.reload_keys().await.unwrap();
        assert_eq!(kids(&auth).await.len(), 2);
    }
}

#[tokio::test]
async fn instances_share_the_keys() {
    let auth = Running::new().await;
    let others = (0..3).map(|_| {
        let config = auth.config.clone();
        tokio::spawn(async move {
            let app = App::start(&config, &Shutdown::new()).await.unwrap();
            serve(app.router()).await
        })
    });
    let mut sets = vec![auth.client().get(JWKS_PATH).await.json()];
    for other in others.collect::<Vec<_>>() {
        let address = other.await.unwrap();
        sets.push(shared_testkit::Client::new(address).get(JWKS_PATH).await.json());
    }
    sets.dedup();
    assert_eq!(sets.len(), 1);
    assert_eq!(sets[0]["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_secret_cannot_open_the_keys() {
    let auth = Running::new().await;
    for (secret, text) in [
        ("00".repeat(32), "AUTH_KEY_SECRET is not the one"),
        ("00".into(), "64 hex digits"),
    ] {
        let flags = config(&auth.db, &auth.redis, &auth.tokens, &secret);
        let error = App::start(&Config::parse_from(flags), &Shutdown::new())
            .await
            .err()
            .unwrap();
        assert!(error.to_string().contains(text), "{error}");
    }
}
