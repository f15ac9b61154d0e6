//! The cache never shows what was true before a change that has been answered.

use crate::world::{World, feed, read, write};
use futures::future::join_all;
use serde_json::Value;
use shared_testkit::Client;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

async fn update(client: &Client, id: &str, content: &str) {
    let query = format!("mutation {{ updatePost(id: {id}, input: {{ content: {content:?} }}) {{ success }} }}");
    assert_eq!(client.ask(&query).await["success"], true);
}

#[tokio::test]
async fn a_change_shows_at_once_on_every_instance() {
    let world = World::new().await;
    let (other, _background) = world.another_instance(|_| ()).await;
    let id = write(&world.ann(), "0").await;
    for round in 1..=5 {
        let query = if round % 2 == 1 { "likePost" } else { "unlikePost" };
        world
            .bob()
            .ask(&format!("mutation {{ {query}(id: {id}) {{ success }} }}"))
            .await;
        update(&world.ann(), &id, &round.to_string()).await;
        let newest = write(&world.ann(), "newest").await;
        for client in [&other, &world.anyone, &other] {
            let post = read(client, &id).await;
            assert_eq!(
                (post["content"].as_str().unwrap(), post["likeCount"].as_i64().unwrap()),
                (&*round.to_string(), round % 2)
            );
            assert_eq!(feed(client).await[0]["id"], newest);
            assert!(feed(client).await.contains(&post), "the feed and the post agree");
        }
        world
            .ann()
            .ask(&format!("mutation {{ deletePost(id: {newest}) {{ success }} }}"))
            .await;
        assert_eq!(read(&other, &newest).await, Value::Null);
        assert_eq!(feed(&other).await[0]["id"], id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_who_come_between_do_not_bring_the_past_back() {
    let world = World::new().await;
    let (other, _background) = world.another_instance(|_| ()).await;
    let id = write(&world.ann(), "0").await;
    let (answered, done) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
    let readers: Vec<_> = [world.anyone.clone(), other.clone(), world.anyone.clone(), other.clone()]
        .into_iter()
        .map(|client| {
            let (id, answered, done) = (id.clone(), Arc::clone(&answered), Arc::clone(&done));
            tokio::spawn(async move {
                let number = |post: &Value| post["content"].as_str().unwrap().parse::<i64>().unwrap();
                while !done.load(Ordering::SeqCst) {
                    let least = answered.load(Ordering::SeqCst);
                    assert!(number(&read(&client, &id).await) >= least);
                    let least = answered.load(Ordering::SeqCst);
                    assert!(number(&feed(&client).await[0]) >= least);
                }
            })
        })
        .collect();
    for round in 1..=40 {
        update(&world.ann(), &id, &round.to_string()).await;
        answered.store(round, Ordering::SeqCst);
    }
    done.store(true, Ordering::SeqCst);
    for reader in join_all(readers).await {
        reader.unwrap();
    }
}

#[tokio::test]
async fn entries_without_their_stamps_or_of_another_shape_do_not_count() {
    let world = World::new().await;
    let redis = world.redis.redis(posts::config::REDIS_DATABASE);
    let id = write(&world.ann(), "before").await;
    read(&world.anyone, &id).await;
    world.db.execute("UPDATE posts SET content = 'after'").await;
    assert_eq!(read(&world.anyone, &id).await["content"], "before", "the cache is used");

    let stamps = redis.scan_prefix("posts:stamp:").await.unwrap();
    assert_eq!(stamps.len(), 3, "{stamps:?}");
    redis
        .del(&stamps.iter().map(String::as_str).collect::<Vec<_>>())
        .await
        .unwrap();
    assert_eq!(read(&world.anyone, &id).await["content"], "after");

    redis
        .set_text(
            &format!("posts:post:{id}"),
            "{\"v\":2}",
            std::time::Duration::from_secs(60),
        )
        .await
        .unwrap();
    assert_eq!(read(&world.anyone, &id).await["content"], "after");
}

#[tokio::test]
async fn what_depends_on_the_viewer_is_not_cached() {
    let world = World::new().await;
    let id = write(&world.ann(), "a").await;
    world
        .bob()
        .ask(&format!("mutation {{ likePost(id: {id}) {{ success }} }}"))
        .await;
    for (client, liked) in [
        (world.bob(), true),
        (world.ann(), false),
        (world.anyone.clone(), false),
        (world.bob(), true),
    ] {
        assert_eq!(read(&client, &id).await["likedByMe"], liked);
        assert_eq!(feed(&client).await[0]["likedByMe"], liked);
    }
}
