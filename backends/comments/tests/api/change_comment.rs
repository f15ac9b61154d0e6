//! `updateComment` and `deleteComment`.

use crate::world::{World, read, write};
use shared_testkit::assert_refused;

fn update(id: &str, content: &str) -> String {
    format!(
        "mutation {{ updateComment(id: {id}, input: {{ content: {content:?} }}) {{ success message code field comment {{ content }} }} }}"
    )
}

fn delete(id: &str) -> String {
    format!("mutation {{ deleteComment(id: {id}) {{ success message code field }} }}")
}

#[tokio::test]
async fn the_author_changes_and_deletes() {
    let world = World::new().await;
    let id = write(&world.bob(), "a").await;
    assert_eq!(world.bob().ask(&update(&id, "b")).await["comment"]["content"], "b");
    assert_eq!(read(&world.anyone).await, ["b"]);
    assert_eq!(world.bob().ask(&delete(&id)).await["success"], true);
    assert!(read(&world.anyone).await.is_empty());
    assert_refused(&world.bob().ask(&delete(&id)).await, "NOT_FOUND", None);
    let said: Vec<_> = world.outbox().await.into_iter().map(|event| event.kind).collect();
    assert_eq!(said, ["comment.created", "comment.updated", "comment.deleted"]);
}

#[tokio::test]
async fn others_may_not() {
    let world = World::new().await;
    let id = write(&world.bob(), "a").await;
    for query in [update(&id, "b"), delete(&id)] {
        assert_refused(&world.ann().ask(&query).await, "FORBIDDEN", None);
        assert_refused(&world.anyone.ask(&query).await, "UNAUTHENTICATED", None);
    }
    assert_refused(
        &world.bob().ask(&update(&id, " ")).await,
        "VALIDATION_FAILED",
        Some("content"),
    );
    assert_refused(&world.bob().ask(&update("99", "b")).await, "NOT_FOUND", None);
    assert_eq!(read(&world.anyone).await, ["a"]);
}
