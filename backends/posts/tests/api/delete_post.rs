//! `deletePost`.

use crate::world::{World, feed, read, write};
use serde_json::Value;
use shared_contracts::event::PostDeleted;
use shared_testkit::assert_refused;

fn query(id: &str) -> String {
    format!("mutation {{ deletePost(id: {id}) {{ success message code field }} }}")
}

#[tokio::test]
async fn a_post_goes_with_its_likes() {
    let world = World::new().await;
    let (id, other) = (write(&world.ann(), "first").await, write(&world.ann(), "second").await);
    world
        .bob()
        .ask(&format!("mutation {{ likePost(id: {id}) {{ success }} }}"))
        .await;
    assert_eq!(world.ann().ask(&query(&id)).await["success"], true);
    assert_eq!(read(&world.ann(), &id).await, Value::Null);
    assert_eq!(feed(&world.anyone).await.len(), 1);
    assert_refused(&world.ann().ask(&query(&id)).await, "NOT_FOUND", None);
    let like = format!("mutation {{ likePost(id: {id}) {{ success message code field }} }}");
    assert_refused(&world.bob().ask(&like).await, "NOT_FOUND", None);
    assert_ne!(read(&world.ann(), &other).await, Value::Null);

    let events = world.outbox().await;
    let last = events.last().unwrap();
    assert_eq!(last.kind, "post.deleted");
    let data: PostDeleted = serde_json::from_value(last.data.clone()).unwrap();
    assert_eq!((data.post_id, data.author.id), (id, "7".to_owned()));
}

#[tokio::test]
async fn only_the_author_may() {
    let world = World::new().await;
    let id = write(&world.ann(), "mine").await;
    assert_refused(&world.anyone.ask(&query(&id)).await, "UNAUTHENTICATED", None);
    assert_refused(&world.bob().ask(&query(&id)).await, "FORBIDDEN", None);
    assert_refused(&world.ann().ask(&query("99")).await, "NOT_FOUND", None);
    assert_refused(&world.ann().ask(&query("0")).await, "VALIDATION_FAILED", Some("id"));
    assert_ne!(read(&world.ann(), &id).await, Value::Null);
    assert_eq!(world.said().await, ["post.created"]);
}
