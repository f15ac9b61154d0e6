//! Stores and peers that go away and come back.

use crate::world::{SOON, World, create, read, write};
use shared_testkit::{FaultProxy, TestDb, TestRedis, eventually};

#[tokio::test]
async fn without_posts_nothing_is_written_and_reads_go_on() {
    let world = World::new().await;
    write(&world.bob(), "a").await;
    world.posts.answer(503);
    assert_eq!(world.bob().failure(&create("1", "b")).await, "SERVICE_UNAVAILABLE");
    world.posts.answer(500);
    assert_eq!(world.bob().failure(&create("1", "b")).await, "INTERNAL");
    assert_eq!(read(&world.anyone).await, ["a"]);
    world.ann().events("/api/sse/comments/1").await;
    world.posts.answer(200);
    write(&world.bob(), "b").await;
}

#[tokio::test]
async fn without_auth_authors_keep_their_names() {
    let world = World::new().await;
    world.auth.set_down(true);
    write(&world.bob(), "a").await;
    let payload = world
        .anyone
        .ask("{ getComments(postId: 1) { comments { author { id username fullName } } } }")
        .await;
    assert_eq!(
        payload["comments"][0]["author"],
        serde_json::json!({ "id": "8", "username": "bob", "fullName": "bob" })
    );
}

#[tokio::test]
async fn without_redis_one_instance_is_still_live() {
    let proxy = FaultProxy::new(TestRedis::new().url()).await;
    let world = World::with(|config| config.redis.url = proxy.url().to_owned()).await;
    proxy.cut();
    let mut stream = world.ann().events("/api/sse/comments/1").await;
    write(&world.bob(), "a").await;
    assert_eq!(stream.next(SOON).await.unwrap().event, "comment_added");
}

#[tokio::test]
async fn without_the_database_the_refusal_is_503_until_it_is_back() {
    let db = TestDb::new(comments::app::MIGRATIONS).await;
    let proxy = FaultProxy::new(db.url()).await;
    let world = World::with(|config| config.database.url = proxy.url().to_owned()).await;
    write(&world.bob(), "a").await;
    proxy.cut();
    assert_eq!(
        world.anyone.failure("{ getComments(postId: 1) { success } }").await,
        "SERVICE_UNAVAILABLE"
    );
    assert_eq!(world.bob().failure(&create("1", "b")).await, "SERVICE_UNAVAILABLE");
    world.anyone.get("/health/live").await.expect_status(200);
    world.anyone.get("/api/comments/health").await.expect_status(503);
    proxy.resume();
    eventually(SOON, || async { world.anyone.get("/health/ready").await.status == 200 }).await;
    write(&world.bob(), "b").await;
}
