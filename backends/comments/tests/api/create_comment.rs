//! `createComment`.

use crate::world::{World, create, read, write};
use serde_json::json;
use shared_testkit::{Client, assert_refused};

#[tokio::test]
async fn a_comment_is_written_and_told() {
    let world = World::new().await;
    let payload = world.bob().ask(&create("\"1\"", " Great post! ")).await;
    assert_eq!(payload["success"], true);
    let comment = &payload["comment"];
    assert_eq!(
        (&comment["id"], &comment["postId"], &comment["content"]),
        (&json!("1"), &json!("1"), &json!("Great post!"))
    );
    assert_eq!(comment["author"]["fullName"], "Bob Example");
    assert_eq!(read(&world.anyone).await, ["Great post!"]);

    let events = world.outbox().await;
    let [event] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(
        (event.kind.as_str(), event.source.as_str()),
        ("comment.created", "/comments")
    );
    assert_eq!(
        (&event.data["postAuthorId"], &event.data["actor"]),
        (&json!("7"), &json!({ "id": "8", "username": "bob" }))
    );
    assert_eq!(event.data["comment"]["author"]["fullName"], "Bob Example");
}

#[tokio::test]
async fn refusals_name_their_code_and_field_and_write_nothing() {
    let world = World::new().await;
    let long = "ä".repeat(2001);
    let cases = [
        ("0", "a", "VALIDATION_FAILED", "postId"),
        ("\"x\"", "a", "VALIDATION_FAILED", "postId"),
        ("1", "  ", "VALIDATION_FAILED", "content"),
        ("1", &long, "VALIDATION_FAILED", "content"),
        ("2", "a", "NOT_FOUND", "postId"),
    ];
    for (post, content, code, field) in cases {
        assert_refused(&world.bob().ask(&create(post, content)).await, code, Some(field));
    }
    assert_refused(&world.anyone.ask(&create("1", "a")).await, "UNAUTHENTICATED", None);
    assert!(read(&world.anyone).await.is_empty());
    assert!(world.outbox().await.is_empty());
    write(&world.bob(), &"ä".repeat(2000)).await;
}

#[tokio::test]
async fn forged_identity_is_ignored() {
    let world = World::new().await;
    let forger = Client::new(world.address)
        .header("x-user-id", "7")
        .header("x-user-name", "ann");
    for token in ["edge.guess", "posts.guess", ""] {
        let forger = forger.clone().header("x-service-token", token);
        assert_refused(&forger.ask(&create("1", "a")).await, "UNAUTHENTICATED", None);
    }
}
