//! What was written reaches RabbitMQ, also when RabbitMQ was away at the time.

use crate::world::{SOON, World, write};
use shared_contracts::event::EXCHANGE;
use shared_testkit::{FaultProxy, Message, TestVhost, eventually};
use std::sync::Mutex;

/// Takes messages until there are `wanted`.
async fn heard(vhost: &TestVhost, wanted: usize) -> Vec<Message> {
    let all = Mutex::new(Vec::new());
    eventually(SOON, || async {
        let more = vhost.take("ear").await;
        let mut all = all.lock().unwrap();
        all.extend(more);
        all.len() >= wanted
    })
    .await;
    all.into_inner().unwrap()
}

#[tokio::test]
async fn each_change_is_told_in_order() {
    let vhost = TestVhost::new().await;
    vhost.listen(EXCHANGE, "ear", &["post.*", "like.*"]).await;
    let world = World::with(|config| config.events.url = vhost.url().to_owned()).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let id = write(&world.ann().header("traceparent", trace), "a").await;
    for mutation in ["likePost", "unlikePost"] {
        world
            .bob()
            .ask(&format!("mutation {{ {mutation}(id: {id}) {{ success }} }}"))
            .await;
    }
    world
        .ann()
        .ask(&format!(
            "mutation {{ updatePost(id: {id}, input: {{ content: \"b\" }}) {{ success }} }}"
        ))
        .await;
    world
        .ann()
        .ask(&format!("mutation {{ deletePost(id: {id}) {{ success }} }}"))
        .await;

    let messages = heard(&vhost, 7).await;
    let kinds: Vec<_> = messages.iter().map(|message| message.routing_key.as_str()).collect();
    let expected = [
        "post.created",
        "post.liked",
        "like.created",
        "post.unliked",
        "like.deleted",
        "post.updated",
        "post.deleted",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(messages[0].header("traceparent"), Some(trace));
    for message in &messages {
        let event = message.event();
        assert_eq!(
            (event.source.as_str(), event.data["postId"].as_str()),
            ("/posts", Some(id.as_str()))
        );
    }
}

#[tokio::test]
async fn writes_succeed_without_rabbitmq_and_are_told_of_later() {
    let vhost = TestVhost::new().await;
    vhost.listen(EXCHANGE, "ear", &["post.created"]).await;
    let proxy = FaultProxy::new(vhost.url()).await;
    proxy.cut();
    let world = World::with(|config| config.events.url = proxy.url().to_owned()).await;
    for _ in 0..3 {
        write(&world.ann(), "a").await;
    }
    assert_eq!(world.said().await.len(), 3);
    proxy.resume();
    let ids: Vec<_> = heard(&vhost, 3)
        .await
        .iter()
        .map(|message| message.event().subject.unwrap_or_default())
        .collect();
    assert_eq!(ids, ["post/1", "post/2", "post/3"]);
}
