//! Who is told of what.

use super::support::{ANN, BOB, CARL, SOON, Sio, World};
use serde_json::json;
use shared_contracts::event::EXCHANGE;
use shared_testkit::eventually;

const BY_ANN: (i64, &str) = (ANN, "ann");
const BY_BOB: (i64, &str) = (BOB, "bob");
const BY_CARL: (i64, &str) = (CARL, "carl");

#[tokio::test]
async fn a_comment_tells_the_posts_author_and_shows_to_its_followers() {
    let (world, instance) = World::with_instance().await;
    let mut ann = instance.subscribed(ANN, "ann").await;
    let mut follower = Sio::open(instance.direct()).await.unwrap();
    assert_eq!(follower.call("subscribe-post", &json!(5)).await["ok"], true);
    let event = World::comment(BY_BOB, 5, ANN, 50, "nice");
    world.happens(&event).await;

    let told = ann.notification().await;
    assert_eq!(told["type"], "new_comment");
    assert_eq!(told["message"], "bob commented on your post");
    assert_eq!(told["createdAt"], json!(event.time));
    assert_eq!(told["data"]["postId"], "5");
    assert_eq!(told["data"]["actor"], json!({ "id": "2", "username": "bob" }));
    assert_eq!(told["data"]["comment"], event.data["comment"]);
    let shown = follower.next().await;
    assert_eq!(
        shown,
        (
            "new_comment".into(),
            json!({ "postId": "5", "comment": event.data["comment"] })
        )
    );
    let page = instance.inbox(ANN, 1).await;
    assert_eq!(page["notifications"][0]["id"], told["id"]);
    assert_eq!(page["notifications"][0]["data"], told["data"]);
    assert_eq!(
        (&page["notifications"][0]["read"], &page["unreadCount"]),
        (&json!(false), &json!(1))
    );
}

#[tokio::test]
async fn acting_on_ones_own_post_notifies_nobody() {
    let (world, instance) = World::with_instance().await;
    let mut ann = instance.subscribed(ANN, "ann").await;
    let mut follower = Sio::open(instance.direct()).await.unwrap();
    for socket in [&mut ann, &mut follower] {
        assert_eq!(socket.call("subscribe-post", &json!(5)).await["ok"], true);
    }
    world.happens(&World::liked(BY_ANN, 5, ANN)).await;
    world.happens(&World::like_created(BY_ANN, 5, ANN)).await;
    world.happens(&World::comment(BY_ANN, 5, ANN, 50, "I meant @ann")).await;
    world.happens(&World::liked(BY_BOB, 5, ANN)).await;
    // The comment shows to those who follow the post, but it is nobody's notification.
    assert_eq!(ann.next().await.0, "new_comment");
    assert_eq!(follower.next().await.0, "new_comment");
    assert_eq!(ann.notification().await["type"], "post_liked");
    instance.inbox(ANN, 1).await;
}

#[tokio::test]
async fn one_like_is_one_notification_for_the_author_and_one_for_followers() {
    let (world, instance) = World::with_instance().await;
    let mut ann = instance.subscribed(ANN, "ann").await;
    let mut bob = instance.subscribed(BOB, "bob").await;
    let mut carl = instance.subscribed(CARL, "carl").await;
    // The author's other socket follows the post only: it is the author's all the same.
    let mut following = Sio::open(instance.through_edge(ANN, "ann")).await.unwrap();
    for socket in [&mut ann, &mut bob, &mut carl, &mut following] {
        assert_eq!(socket.call("subscribe-post", &json!(5)).await["ok"], true);
    }
    world.happens(&World::liked(BY_BOB, 5, ANN)).await;
    world.happens(&World::like_created(BY_BOB, 5, ANN)).await;
    world.happens(&World::comment(BY_CARL, 5, ANN, 50, "the end")).await;

    let told = ann.notification().await;
    assert_eq!(
        (&told["type"], &told["message"]),
        (&json!("post_liked"), &json!("bob liked your post"))
    );
    assert_eq!(told["data"]["like"]["likeCount"], 1);
    assert_eq!(ann.notification().await["type"], "new_comment");
    let seen = carl.notification().await;
    assert_eq!(
        (&seen["type"], &seen["data"]["postId"]),
        (&json!("like_created"), &json!("5"))
    );
    assert_eq!(seen.get("id"), None, "it is not stored");
    for socket in [&mut carl, &mut bob, &mut following] {
        assert_eq!(socket.next().await.0, "new_comment");
    }
    instance.inbox(ANN, 2).await;
    instance.inbox(CARL, 0).await;
}

#[tokio::test]
async fn what_is_delivered_twice_is_told_once() {
    let (world, instance) = World::with_instance().await;
    let mut ann = instance.subscribed(ANN, "ann").await;
    let liked = World::liked(BY_BOB, 5, ANN);
    world.happens(&liked).await;
    world.happens(&liked).await;
    world.happens(&World::liked(BY_BOB, 5, ANN)).await;
    world.happens(&World::liked(BY_CARL, 5, ANN)).await;
    assert_eq!(ann.notification().await["data"]["actor"]["username"], "bob");
    assert_eq!(ann.notification().await["data"]["actor"]["username"], "carl");
    instance.inbox(ANN, 2).await;
}

#[tokio::test]
async fn with_its_subject_a_notification_goes() {
    let (world, instance) = World::with_instance().await;
    for comment in [50, 51] {
        world.happens(&World::comment(BY_BOB, 5, ANN, comment, "hi")).await;
    }
    world.happens(&World::liked(BY_BOB, 5, ANN)).await;
    world.happens(&World::liked(BY_CARL, 6, ANN)).await;
    instance.inbox(ANN, 4).await;
    world.happens(&World::comment_deleted(BY_BOB, 5, ANN, 50)).await;
    instance.inbox(ANN, 3).await;
    world.happens(&World::unliked(BY_CARL, 6, ANN)).await;
    instance.inbox(ANN, 2).await;
    world.happens(&World::post_deleted(BY_ANN, 5)).await;
    assert_eq!(instance.inbox(ANN, 0).await["unreadCount"], 0);
}

#[tokio::test]
async fn a_deletion_that_comes_first_counts() {
    let (world, instance) = World::with_instance().await;
    let mut ann = instance.subscribed(ANN, "ann").await;
    world.happens(&World::comment_deleted(BY_BOB, 5, ANN, 50)).await;
    world
        .happens(&World::comment(BY_BOB, 5, ANN, 50, "@carl, too late"))
        .await;
    world.happens(&World::post_deleted(BY_ANN, 6)).await;
    world.happens(&World::liked(BY_BOB, 6, ANN)).await;
    world.happens(&World::comment(BY_BOB, 6, ANN, 60, "too late")).await;
    world.happens(&World::comment(BY_BOB, 5, ANN, 51, "in time")).await;
    assert_eq!(ann.notification().await["data"]["comment"]["id"], "51");
    instance.inbox(ANN, 1).await;
}

#[tokio::test]
async fn an_event_of_another_shape_becomes_a_dead_letter() {
    let (world, instance) = World::with_instance().await;
    let mut odd = World::liked(BY_BOB, 5, ANN);
    odd.data = json!({ "postId": 5 });
    world.happens(&odd).await;
    let mut odd = World::liked(BY_BOB, 5, ANN);
    odd.data["postId"] = json!("five");
    world.happens(&odd).await;
    assert!(world.vhost.publish_raw(EXCHANGE, "post.liked", "not JSON").await);
    world.happens(&World::liked(BY_BOB, 5, ANN)).await;
    instance.inbox(ANN, 1).await;
    let mut dead = 0;
    while dead < 3 {
        dead += eventually(SOON, || async {
            let found = world.vhost.take("notifications.dead").await;
            (!found.is_empty()).then_some(found.len())
        })
        .await;
    }
    assert_eq!(dead, 3);
}
