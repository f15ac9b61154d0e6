//! `GET /api/sse/comments/{postId}`.

use crate::world::{SOON, World, write};
use shared_contracts::Code;
use shared_testkit::SseStream;
use std::time::Duration;

const PATH: &str = "/api/sse/comments/1";

async fn next(stream: &mut SseStream) -> (String, String) {
    let event = stream.next(SOON).await.expect("an event");
    (
        event.event.clone(),
        event.json()["comment"]["content"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn every_change_is_told() {
    let world = World::new().await;
    let mut stream = world.ann().events(PATH).await;
    let id = write(&world.bob(), "a").await;
    let event = stream.next(SOON).await.unwrap();
    assert_eq!(event.event, "comment_added");
    let data = event.json();
    assert_eq!(
        (data["type"].as_str(), data["postId"].as_str()),
        (Some("comment_added"), Some("1"))
    );
    assert_eq!(
        (data["commentId"].as_str(), data["comment"]["id"].as_str()),
        (Some(id.as_str()), Some(id.as_str()))
    );
    assert_eq!(data["comment"]["author"]["username"], "bob");
    world
        .bob()
        .ask(&format!(
            "mutation {{ updateComment(id: {id}, input: {{ content: \"b\" }}) {{ success }} }}"
        ))
        .await;
    assert_eq!(next(&mut stream).await, ("comment_updated".into(), "b".into()));
    world
        .bob()
        .ask(&format!("mutation {{ deleteComment(id: {id}) {{ success }} }}"))
        .await;
    assert_eq!(next(&mut stream).await, ("comment_deleted".into(), "b".into()));
}

#[tokio::test]
async fn changes_reach_watchers_of_every_instance_once() {
    let world = World::new().await;
    let (other, _background) = world.another_instance().await;
    let mut here = world.ann().events(PATH).await;
    let mut there = other.as_user(7, "ann").events(PATH).await;
    // The instances may not hear each other yet: write until the other one does, then count.
    let mut written = 0;
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        written += 1;
        write(&world.bob(), &written.to_string()).await;
        if tokio::time::timeout(Duration::from_millis(300), there.next(SOON))
            .await
            .is_ok()
        {
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the other instance hears nothing"
        );
    }
    write(&world.bob(), "last").await;
    assert_eq!(next(&mut there).await.1, "last");
    for number in 1..=written {
        assert_eq!(next(&mut here).await.1, number.to_string());
    }
    assert_eq!(next(&mut here).await.1, "last");
}

#[tokio::test]
async fn only_those_signed_in_watch_posts_that_exist() {
    let world = World::new().await;
    assert_eq!(world.anyone.get(PATH).await.problem().code, Code::Unauthenticated);
    assert_eq!(
        world.ann().get("/api/sse/comments/2").await.problem().code,
        Code::NotFound
    );
    let problem = world.ann().get("/api/sse/comments/x").await.problem();
    assert_eq!(
        (problem.code, problem.field.as_deref()),
        (Code::ValidationFailed, Some("postId"))
    );
}

#[tokio::test]
async fn streams_end_when_the_service_does() {
    let world = World::new().await;
    let mut stream = world.ann().events(PATH).await;
    world.shutdown.cancel();
    assert_eq!(stream.next(SOON).await, None);
}
