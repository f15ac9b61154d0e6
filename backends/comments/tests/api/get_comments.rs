//! `getComments`.

use crate::world::{World, read, write};
use serde_json::Value;
use shared_testkit::{Client, assert_refused};

async fn page(client: &Client, arguments: &str) -> Value {
    let fields = "success message code field comments { id content } pageInfo { hasNextPage endCursor }";
    client
        .ask(&format!("{{ getComments(postId: 1 {arguments}) {{ {fields} }} }}"))
        .await
}

#[tokio::test]
async fn pages_follow_each_other_while_comments_are_added() {
    let world = World::new().await;
    for number in 0..5 {
        write(&world.bob(), &number.to_string()).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = page(&world.anyone, &format!("limit: 2 {cursor}")).await;
        seen.extend(
            page["comments"]
                .as_array()
                .unwrap()
                .iter()
                .map(|comment| comment["content"].clone()),
        );
        write(&world.bob(), "new").await;
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        cursor = format!("cursor: {}", page["pageInfo"]["endCursor"]);
    }
    assert_eq!(seen, ["4", "3", "2", "1", "0"]);
}

#[tokio::test]
async fn bad_arguments_are_named() {
    let world = World::new().await;
    let foreign = shared_service::Cursor { id: 1 }.encode("posts");
    let another_posts = shared_service::Cursor { id: 1 }.encode("comments/2");
    for (arguments, code, field) in [
        ("limit: 0".to_owned(), "VALIDATION_FAILED", "limit"),
        ("limit: 101".to_owned(), "VALIDATION_FAILED", "limit"),
        ("cursor: \"x\"".to_owned(), "INVALID_CURSOR", "cursor"),
        (format!("cursor: {foreign:?}"), "INVALID_CURSOR", "cursor"),
        (format!("cursor: {another_posts:?}"), "INVALID_CURSOR", "cursor"),
    ] {
        assert_refused(&page(&world.anyone, &arguments).await, code, Some(field));
    }
}

#[tokio::test]
async fn authors_are_asked_for_once_a_page() {
    let world = World::new().await;
    for client in [world.ann(), world.bob(), world.ann()] {
        write(&client, "a").await;
    }
    // A second instance knows nobody yet.
    let (other, _background) = world.another_instance().await;
    world.auth.asked();
    let payload = other
        .ask("{ getComments(postId: 1) { comments { author { fullName } } } }")
        .await;
    assert_eq!(payload["comments"][1]["author"]["fullName"], "Bob Example");
    assert_eq!(world.auth.asked().len(), 1);
}

#[tokio::test]
async fn a_post_nobody_commented_has_none() {
    let world = World::new().await;
    assert!(read(&world.anyone).await.is_empty());
}
