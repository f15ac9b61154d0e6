//! `@name` in posts and comments.

use super::support::{ANN, BOB, CARL, World};

#[tokio::test]
async fn those_named_are_told_and_each_once() {
    let (world, instance) = World::with_instance().await;
    let mut carl = instance.subscribed(CARL, "carl").await;
    let mut ann = instance.subscribed(ANN, "ann").await;
    world
        .happens(&World::comment(
            (BOB, "bob"),
            5,
            ANN,
            50,
            "@carl @carl @ann @bob @nobody look",
        ))
        .await;

    let told = carl.notification().await;
    assert_eq!(told["type"], "mention");
    assert_eq!(told["message"], "bob mentioned you");
    assert_eq!(told["data"]["comment"]["id"], "50");
    assert_eq!(ann.notification().await["type"], "new_comment");
    instance.inbox(CARL, 1).await;
    assert_eq!(instance.inbox(ANN, 1).await["notifications"][0]["type"], "new_comment");
    instance.inbox(BOB, 0).await;

    world
        .happens(&World::post((ANN, "ann"), 6, "hello @carl, mail me: ann@bob"))
        .await;
    let told = carl.notification().await;
    assert_eq!(
        (told["type"].as_str(), told["data"]["post"]["id"].as_str()),
        (Some("mention"), Some("6"))
    );
    assert_eq!(told["data"]["post"]["author"]["username"], "ann");
    instance.inbox(BOB, 0).await;
}

#[tokio::test]
async fn while_auth_is_away_mentions_wait_and_nothing_else_does() {
    let (world, instance) = World::with_instance().await;
    let mut ann = instance.subscribed(ANN, "ann").await;
    let mut carl = instance.subscribed(CARL, "carl").await;
    world.auth.set_away(true);
    world
        .happens(&World::comment((BOB, "bob"), 5, ANN, 50, "@carl look"))
        .await;
    world
        .happens(&World::comment(
            (BOB, "bob"),
            5,
            ANN,
            51,
            "@carl deleted before auth is back",
        ))
        .await;
    world.happens(&World::comment_deleted((BOB, "bob"), 5, ANN, 51)).await;
    world.happens(&World::liked((BOB, "bob"), 5, ANN)).await;
    for kind in ["new_comment", "new_comment", "post_liked"] {
        assert_eq!(ann.notification().await["type"], kind);
    }
    instance.inbox(CARL, 0).await;
    world.auth.set_away(false);
    assert_eq!(carl.notification().await["data"]["comment"]["id"], "50");
    instance.inbox(CARL, 1).await;
}
