//! A post goes, and its comments with it.

use crate::world::{SOON, World, create, read, write};
use shared_contracts::event::{Actor, CloudEvent, EXCHANGE, PostDeleted, key};
use shared_testkit::{TestVhost, assert_refused, eventually};

fn deleted(post_id: &str) -> CloudEvent {
    let author = Actor {
        id: "7".into(),
        username: "ann".into(),
    };
    let data = PostDeleted {
        post_id: post_id.into(),
        author,
        media_urls: Vec::new(),
    };
    CloudEvent {
        specversion: "1.0".into(),
        id: uuid::Uuid::new_v4(),
        source: "/posts".into(),
        kind: key::POST_DELETED.into(),
        subject: Some(format!("post/{post_id}")),
        time: chrono::Utc::now(),
        datacontenttype: "application/json".into(),
        data: serde_json::to_value(data).unwrap(),
    }
}

#[tokio::test]
async fn its_comments_are_deleted_and_watchers_told() {
    let vhost = TestVhost::new().await;
    let world = World::with(|config| config.events.url = vhost.url().to_owned()).await;
    world.background.until_connected().await;
    vhost.listen(EXCHANGE, "ear", &["comment.deleted"]).await;
    let ids = [write(&world.bob(), "a").await, write(&world.ann(), "b").await];
    let mut stream = world.bob().events("/api/sse/comments/1").await;
    let event = deleted("1");
    for _ in 0..2 {
        // Delivered twice, it takes effect once.
        assert!(vhost.publish(EXCHANGE, &event).await);
    }
    let mut told = Vec::new();
    for _ in &ids {
        let event = stream.next(SOON).await.unwrap();
        assert_eq!(event.event, "comment_deleted");
        told.push(event.json()["commentId"].as_str().unwrap().to_owned());
    }
    told.sort();
    assert_eq!(told, ids);
    assert!(read(&world.anyone).await.is_empty());
    let heard = std::sync::Mutex::new(Vec::new());
    eventually(SOON, || async {
        let more = vhost.take("ear").await;
        let mut heard = heard.lock().unwrap();
        heard.extend(more);
        heard.len() >= ids.len()
    })
    .await;
    assert_eq!(heard.into_inner().unwrap().len(), ids.len());
    // Posts may not have noticed yet; the comment would outlive its post.
    assert_refused(
        &world.bob().ask(&create("1", "late")).await,
        "NOT_FOUND",
        Some("postId"),
    );
}
