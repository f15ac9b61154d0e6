//! The cache never shows what was true before a change that has been answered.

use crate::world::{SOON, World, feed, read, write};
use futures::future::join_all;
use serde_json::{Value, json};
use shared_testkit::{Client, eventually};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

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

#[tokio::test]
async fn an_answer_is_given_again_only_while_nothing_changed() {
    let world = World::new().await;
    let redis = world.redis.redis(posts::config::REDIS_DATABASE);
    let id = write(&world.ann(), "0").await;
    let feed = "{ getPosts { posts { content } } }".to_owned();
    let post = format!("{{ getPost(id: {id}) {{ post {{ content }} }} }}");
    for (round, query) in (1..).zip([feed, post]) {
        // Without its entries the cache would have to read the rows. On a busy machine the answer may grow old first.
        let again = eventually(SOON, || async {
            let began = Instant::now();
            let first = world.anyone.ask(&query).await;
            world.db.execute("UPDATE posts SET content = 'unseen'").await;
            redis
                .del(&["posts:feed:20", &format!("posts:post:{id}")])
                .await
                .unwrap();
            let again = [world.anyone.ask(&query).await, world.ann().ask(&query).await];
            (began.elapsed() < Duration::from_secs(2)).then_some((first, again))
        });
        let (first, again) = again.await;
        assert_eq!(again, [first.clone(), first], "remembered as a whole");
        update(&world.ann(), &id, &round.to_string()).await;
        for client in [&world.anyone, &world.ann()] {
            let answer = client.ask(&query).await.to_string();
            assert!(answer.contains(&format!("\"{round}\"")), "{answer}");
        }
    }
}

#[tokio::test]
async fn answers_are_remembered_for_whom_they_were_made() {
    let world = World::new().await;
    let id = write(&world.ann(), "a").await;
    let query = "{ getPosts { posts { likedByMe } } }";
    let liked = async |client: &Client| client.ask(query).await["posts"][0]["likedByMe"] == true;
    let like = format!("mutation {{ likePost(id: {id}) {{ success }} }}");
    world.bob().ask(&like).await;
    // Each twice: made, and made again or remembered.
    for _ in 0..2 {
        assert!(!liked(&world.anyone).await);
        assert!(liked(&world.bob()).await);
        assert!(!liked(&world.ann()).await);
    }
    // The same bytes again are another like taken back or given, not an answer remembered.
    let unlike = format!("mutation {{ unlikePost(id: {id}) {{ post {{ likeCount likedByMe }} }} }}");
    let like = format!("mutation {{ likePost(id: {id}) {{ post {{ likeCount likedByMe }} }} }}");
    for _ in 0..2 {
        assert_eq!(
            world.bob().ask(&unlike).await["post"],
            json!({ "likeCount": 0, "likedByMe": false })
        );
        assert_eq!(
            world.bob().ask(&like).await["post"],
            json!({ "likeCount": 1, "likedByMe": true })
        );
    }
}

#[tokio::test]
async fn the_fields_of_an_answer_stand_in_the_order_of_the_question() {
    let world = World::new().await;
    world.auth.set(7, "ann", "Ann");
    write(&world.ann(), "a").await;
    let query = json!({ "query": "{ getPosts { posts { author { username } likedByMe content id } success } }" });
    // The first time auth and the database have to be asked, the second time nobody.
    for _ in 0..2 {
        let answer = world.bob().post_json("/graphql", &query).await;
        let text = answer.expect_status(200).text();
        let places = ["author", "likedByMe", "content", "\"id\"", "success"].map(|field| text.find(field));
        assert!(places.is_sorted() && places[0].is_some(), "{text}");
    }
}
