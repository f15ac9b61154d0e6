//! `updatePost`.

use crate::world::{World, read, write};
use serde_json::json;
use shared_testkit::assert_refused;

fn query(id: &str, input: &str) -> String {
    format!(
        "mutation {{ updatePost(id: {id}, input: {input}) {{ success message code field post {{ content postType mediaUrls }} }} }}"
    )
}

#[tokio::test]
async fn what_is_left_out_stays() {
    let world = World::new().await;
    let id = write(&world.ann(), "before").await;
    let before = read(&world.ann(), &id).await;
    let payload = world
        .ann()
        .ask(&query(&id, "{ postType: IMAGE, mediaUrls: [\"/media/a.png\"] }"))
        .await;
    assert_eq!(
        payload["post"],
        json!({ "content": "before", "postType": "IMAGE", "mediaUrls": ["/media/a.png"] })
    );
    let payload = world.ann().ask(&query(&id, "{ content: \"\" }")).await;
    assert_eq!(payload["post"]["content"], "", "beside media it may be empty");
    let payload = world
        .ann()
        .ask(&query(&id, "{ mediaUrls: [], content: \"after\" }"))
        .await;
    assert_eq!(
        payload["post"],
        json!({ "content": "after", "postType": "IMAGE", "mediaUrls": [] })
    );

    let after = read(&world.ann(), &id).await;
    assert_eq!(after["createdAt"], before["createdAt"]);
    assert!(after["updatedAt"].as_str() > before["updatedAt"].as_str());
    assert_eq!(
        world.said().await,
        ["post.created", "post.updated", "post.updated", "post.updated"]
    );
    assert_eq!(world.outbox().await[3].data["content"], "after");
}

#[tokio::test]
async fn refusals_change_nothing() {
    let world = World::new().await;
    let id = write(&world.ann(), "mine").await;
    let fine = "{ content: \"x\" }";
    assert_refused(&world.anyone.ask(&query(&id, fine)).await, "UNAUTHENTICATED", None);
    assert_refused(&world.bob().ask(&query(&id, fine)).await, "FORBIDDEN", None);
    assert_refused(&world.ann().ask(&query("99", fine)).await, "NOT_FOUND", None);
    assert_refused(
        &world.ann().ask(&query("\"x\"", fine)).await,
        "VALIDATION_FAILED",
        Some("id"),
    );
    assert_refused(
        &world.ann().ask(&query(&id, "{}")).await,
        "VALIDATION_FAILED",
        Some("input"),
    );
    assert_refused(
        &world.ann().ask(&query(&id, "{ content: \" \" }")).await,
        "VALIDATION_FAILED",
        Some("content"),
    );
    assert_refused(
        &world.ann().ask(&query(&id, "{ postType: X }")).await,
        "VALIDATION_FAILED",
        Some("postType"),
    );
    assert_refused(
        &world.ann().ask(&query(&id, "{ mediaUrls: [\"x\"] }")).await,
        "VALIDATION_FAILED",
        Some("mediaUrls"),
    );
    assert_eq!(read(&world.ann(), &id).await["content"], "mine");
    assert_eq!(world.said().await, ["post.created"]);
}

#[tokio::test]
async fn changes_at_once_do_not_lose_each_other() {
    let world = World::new().await;
    for round in 0..10 {
        let id = write(&world.ann(), "before").await;
        let (content, media) = (format!("after {round}"), format!("/media/{round}.png"));
        let (ann, content_query) = (world.ann(), query(&id, &format!("{{ content: {content:?} }}")));
        let media_query = query(&id, &format!("{{ mediaUrls: [{media:?}] }}"));
        futures::join!(ann.ask(&content_query), ann.ask(&media_query));
        let post = read(&ann, &id).await;
        assert_eq!(
            (&post["content"], &post["mediaUrls"]),
            (&json!(content), &json!([media]))
        );
    }
}
