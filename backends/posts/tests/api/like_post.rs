//! `likePost` and `unlikePost`.

use crate::world::{World, feed, read, write};
use futures::future::join_all;
use serde_json::{Value, json};
use shared_contracts::event::LikeChanged;
use shared_testkit::Client;
use shared_testkit::assert_refused;

async fn set(client: &Client, name: &str, id: &str) -> Value {
    let fields = "success message code field post { likeCount likedByMe }";
    client
        .ask(&format!("mutation {{ {name}(id: {id}) {{ {fields} }} }}"))
        .await
}

#[tokio::test]
async fn twice_is_as_good_as_once() {
    let world = World::new().await;
    let id = write(&world.ann(), "a").await;
    for (name, count, liked) in [
        ("likePost", 1, true),
        ("likePost", 1, true),
        ("unlikePost", 0, false),
        ("unlikePost", 0, false),
    ] {
        let payload = set(&world.bob(), name, &id).await;
        assert_eq!(
            (&payload["success"], &payload["post"]),
            (&json!(true), &json!({ "likeCount": count, "likedByMe": liked }))
        );
        assert_eq!(read(&world.bob(), &id).await["likedByMe"], liked);
        assert_eq!(feed(&world.bob()).await[0]["likeCount"], count);
        assert_eq!(
            read(&world.ann(), &id).await["likedByMe"],
            false,
            "another's like is not mine"
        );
        assert_eq!(read(&world.anyone, &id).await["likedByMe"], false);
    }
    assert_eq!(
        world.said().await,
        [
            "post.created",
            "post.liked",
            "like.created",
            "post.unliked",
            "like.deleted"
        ]
    );
    let liked: LikeChanged = serde_json::from_value(world.outbox().await[1].data.clone()).unwrap();
    assert_eq!(
        (
            liked.post_author_id.as_str(),
            liked.actor.username.as_str(),
            liked.like_count
        ),
        ("7", "bob", 1)
    );
}

#[tokio::test]
async fn refusals() {
    let world = World::new().await;
    let id = write(&world.ann(), "a").await;
    for name in ["likePost", "unlikePost"] {
        assert_refused(&set(&world.anyone, name, &id).await, "UNAUTHENTICATED", None);
        assert_refused(&set(&world.bob(), name, "99").await, "NOT_FOUND", None);
        assert_refused(&set(&world.bob(), name, "\"\"").await, "VALIDATION_FAILED", Some("id"));
    }
    assert_eq!(world.said().await, ["post.created"]);
}

#[tokio::test]
async fn counts_are_exact_whoever_comes_at_once() {
    let world = World::new().await;
    let id = write(&world.ann(), "a").await;
    // Of each user several requests at once, of which the last kind decides nothing: all are the same.
    let likes = (100..120).flat_map(|user| {
        let client = world.anyone.as_user(user, "someone");
        let id = id.clone();
        (0..3).map(move |_| {
            let (client, id) = (client.clone(), id.clone());
            async move { set(&client, "likePost", &id).await }
        })
    });
    for payload in join_all(likes).await {
        assert_eq!(
            (&payload["success"], &payload["post"]["likedByMe"]),
            (&json!(true), &json!(true))
        );
    }
    assert_eq!(read(&world.anyone, &id).await["likeCount"], 20);
    let unlikes = (100..110).map(|user| {
        let (client, id) = (world.anyone.as_user(user, "someone"), id.clone());
        async move { set(&client, "unlikePost", &id).await }
    });
    join_all(unlikes).await;
    assert_eq!(read(&world.anyone, &id).await["likeCount"], 10);

    let counts: Vec<_> = world
        .outbox()
        .await
        .into_iter()
        .filter(|event| event.kind == "post.liked")
        .collect();
    let mut counts: Vec<_> = counts
        .iter()
        .map(|event| event.data["likeCount"].as_i64().unwrap())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<_>>(), "each new like was told of once");
}

#[tokio::test]
async fn likes_and_a_deletion_do_not_hurt_each_other() {
    let world = World::new().await;
    for _ in 0..5 {
        let id = write(&world.ann(), "a").await;
        let likes = (100..110).map(|user| {
            let (client, id) = (world.anyone.as_user(user, "someone"), id.clone());
            async move { set(&client, "likePost", &id).await }
        });
        let (ann, delete) = (
            world.ann(),
            format!("mutation {{ deletePost(id: {id}) {{ success }} }}"),
        );
        let (likes, deleted) = futures::join!(join_all(likes), ann.ask(&delete));
        assert_eq!(deleted["success"], true);
        for like in likes {
            assert!(like["success"] == true || like["code"] == "NOT_FOUND", "{like}");
        }
        assert_eq!(read(&world.anyone, &id).await, Value::Null);
    }
}
