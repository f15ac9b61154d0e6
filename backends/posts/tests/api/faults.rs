//! Stores that go away and come back.

use crate::world::{SOON, World, feed, read, write};
use serde_json::json;
use shared_contracts::Code;
use shared_testkit::{Client, FaultProxy, TestDb, TestRedis, eventually};

const CREATE: &str = "mutation { createPost(input: { content: \"late\" }) { success post { id } } }";
const FEED: &str = "{ getPosts { success message posts { content likedByMe author { username } } } }";

/// A world whose database is behind a proxy.
async fn behind_proxy() -> (World, FaultProxy) {
    // The database's name is known only once it exists; the instance under test is therefore the second one.
    let mut world = World::new().await;
    let proxy = FaultProxy::new(world.db.url()).await;
    let (client, background) = world
        .another_instance(|config| config.database.url = proxy.url().to_owned())
        .await;
    (world.anyone, world.background) = (client, background);
    (world, proxy)
}

#[tokio::test]
async fn without_the_database_the_last_state_is_shown_and_the_rest_is_refused() {
    let (world, proxy) = behind_proxy().await;
    let id = write(&world.ann(), "a").await;
    assert_eq!(feed(&world.anyone).await.len(), 1);
    assert_eq!(read(&world.anyone, &id).await["content"], "a");
    proxy.cut();

    let shown = eventually(SOON, || async {
        let payload = world.anyone.ask(FEED).await;
        (!payload["message"].is_null()).then_some(payload)
    });
    let post = json!({ "content": "a", "likedByMe": false, "author": { "username": "ann" } });
    assert_eq!(
        shown.await,
        json!({ "success": true, "message": "This may be out of date", "posts": [post] })
    );
    assert_eq!(read(&world.anyone, &id).await["content"], "a");

    let away = "SERVICE_UNAVAILABLE";
    assert_eq!(
        world.ann().failure(FEED).await,
        away,
        "whether she likes it is not known"
    );
    assert_eq!(world.ann().failure(CREATE).await, away);
    assert_eq!(
        world.anyone.failure("{ getPost(id: 12) { success } }").await,
        away,
        "it may exist"
    );
    let cursor = shared_service::Cursor { id: 9 }.encode("posts");
    let older = format!("{{ getPosts(input: {{ cursor: {cursor:?} }}) {{ success }} }}");
    assert_eq!(world.anyone.failure(&older).await, away);
    world.anyone.get("/health/live").await.expect_status(200);
    world.anyone.get("/health/ready").await.expect_status(503);
    let internal = world
        .anyone
        .get(&format!("/internal/posts/{id}"))
        .await
        .expect_status(503);
    assert_eq!(
        (internal.problem().code, internal.header("retry-after")),
        (Code::ServiceUnavailable, Some("1"))
    );

    proxy.resume();
    eventually(SOON, || async { world.anyone.get("/health/ready").await.status == 200 }).await;
    let created = eventually(SOON, || async {
        world.ann().graphql(CREATE, json!({})).await["data"]["createPost"]["success"] == true
    });
    created.await;
    assert_eq!(world.ann().ask(FEED).await["posts"][0]["content"], "late");
}

#[tokio::test]
async fn a_state_that_nobody_has_read_is_not_guessed() {
    let (world, proxy) = behind_proxy().await;
    let id = write(&world.ann(), "before").await;
    read(&world.anyone, &id).await;
    feed(&world.anyone).await;
    let update = format!("mutation {{ updatePost(id: {id}, input: {{ content: \"after\" }}) {{ success }} }}");
    world.ann().ask(&update).await;
    proxy.cut();
    assert_eq!(world.anyone.failure(FEED).await, "SERVICE_UNAVAILABLE");
    assert_eq!(
        world
            .anyone
            .failure(&format!("{{ getPost(id: {id}) {{ success }} }}"))
            .await,
        "SERVICE_UNAVAILABLE"
    );
}

#[tokio::test]
async fn connections_that_were_lost_are_made_anew() {
    let (world, proxy) = behind_proxy().await;
    write(&world.ann(), "a").await;
    proxy.disconnect();
    let works = || async { world.ann().graphql(CREATE, json!({})).await["data"]["createPost"]["success"] == true };
    eventually(SOON, works).await;
}

#[tokio::test]
async fn without_redis_it_is_slower_and_never_wrong() {
    let proxy = FaultProxy::new(TestRedis::new().url()).await;
    let world = World::with(|config| config.redis.url = proxy.url().to_owned()).await;
    let id = write(&world.ann(), "0").await;
    for round in 1..=4 {
        assert_eq!(read(&world.anyone, &id).await["content"], (round - 1).to_string());
        feed(&world.anyone).await;
        proxy.cut();
        let content = round.to_string();
        let update = format!("mutation {{ updatePost(id: {id}, input: {{ content: {content:?} }}) {{ success }} }}");
        assert_eq!(world.ann().ask(&update).await["success"], true);
        assert_eq!(read(&world.anyone, &id).await["content"], content, "away");
        proxy.resume();
        // What was cached before the cut is still there, and must not be believed.
        let cached_again = || async {
            assert_eq!(read(&world.anyone, &id).await["content"], content, "back");
            assert_eq!(feed(&world.anyone).await[0]["content"], content, "back");
            let redis = world.redis.redis(posts::config::REDIS_DATABASE);
            let entry = redis.get_text(&format!("posts:post:{id}")).await.unwrap();
            entry.is_some_and(|entry| entry.contains(&format!("\"content\":{content:?}")))
        };
        eventually(SOON, cached_again).await;
    }
}

#[tokio::test]
async fn without_auth_rabbitmq_and_redis_posts_are_written_and_read() {
    let nowhere = "127.0.0.1:1";
    let world = World::with(|config| {
        config.redis.url = format!("redis://{nowhere}");
        config.auth_url = format!("http://{nowhere}");
    })
    .await;
    let id = write(&world.ann(), "a").await;
    let post = read(&world.bob(), &id).await;
    assert_eq!(
        (&post["content"], &post["author"]["fullName"]),
        (&json!("a"), &json!("ann"))
    );
    assert_eq!(feed(&world.bob()).await, [post]);
    world.anyone.get("/api/posts/health").await.expect_status(200);
    assert_eq!(world.said().await, ["post.created"], "RabbitMQ will hear of it");
}

#[tokio::test]
async fn it_starts_while_the_stores_are_away() {
    let db = TestDb::new(posts::app::MIGRATIONS).await;
    let proxy = FaultProxy::new(db.url()).await;
    proxy.cut();
    let world = World::with(|config| config.database.url = proxy.url().to_owned()).await;
    Client::new(world.address).get("/health/ready").await.expect_status(503);
    proxy.resume();
    eventually(SOON, || async { world.anyone.get("/health/ready").await.status == 200 }).await;
    write(&world.ann(), "a").await;
}
