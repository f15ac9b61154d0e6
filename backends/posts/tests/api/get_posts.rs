//! `getPosts`.

use crate::world::{World, feed, write};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared_testkit::Client;
use shared_testkit::assert_refused;
use std::collections::BTreeSet;

const FIELDS: &str = "success message code field posts { id } pageInfo { hasNextPage endCursor }";

fn query(input: &str) -> String {
    format!("{{ getPosts(input: {input}) {{ {FIELDS} }} }}")
}

fn ids(payload: &Value) -> Vec<i64> {
    let id = |post: &Value| post["id"].as_str().unwrap().parse().unwrap();
    payload["posts"]
        .as_array()
        .unwrap_or_else(|| panic!("{payload}"))
        .iter()
        .map(id)
        .collect()
}

/// Ids of one page, and the cursor of the next if there is one.
async fn page(client: &Client, limit: usize, cursor: Option<&str>) -> (Vec<i64>, Option<String>) {
    let cursor = cursor.map_or("null".to_owned(), |cursor| format!("{cursor:?}"));
    let payload = client
        .ask(&query(&format!("{{ limit: {limit}, cursor: {cursor} }}")))
        .await;
    let info = &payload["pageInfo"];
    let next = (info["hasNextPage"] == true).then(|| info["endCursor"].as_str().unwrap().to_owned());
    (ids(&payload), next)
}

#[tokio::test]
async fn newest_first_page_by_page() {
    let world = World::new().await;
    let empty = world.anyone.ask(&format!("{{ getPosts {{ {FIELDS} }} }}")).await;
    assert_eq!(empty["success"], true);
    assert_eq!(
        (&empty["posts"], &empty["pageInfo"]),
        (&json!([]), &json!({ "hasNextPage": false, "endCursor": null }))
    );
    for _ in 0..21 {
        write(&world.ann(), "a").await;
    }
    let first = world.anyone.ask(&format!("{{ getPosts {{ {FIELDS} }} }}")).await;
    assert_eq!(
        ids(&first),
        (2..=21).rev().collect::<Vec<_>>(),
        "20 where nothing is said"
    );
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let (last, next) = page(&world.anyone, 100, first["pageInfo"]["endCursor"].as_str()).await;
    assert_eq!((last, next), (vec![1], None));
    let (exact, next) = page(&world.anyone, 21, None).await;
    assert_eq!((exact.len(), next), (21, None), "a full last page has no next");
}

#[tokio::test]
async fn wrong_pages_are_refused() {
    let world = World::new().await;
    for limit in ["0", "-1", "101", "2147483647"] {
        let payload = world.anyone.ask(&query(&format!("{{ limit: {limit} }}"))).await;
        assert_refused(&payload, "VALIDATION_FAILED", Some("limit"));
        assert_eq!(payload["posts"], json!([]));
    }
    let foreign = shared_service::Cursor { id: 1 }.encode("comments");
    for cursor in ["", "1", "%%%", &foreign] {
        let payload = world.anyone.ask(&query(&format!("{{ cursor: {cursor:?} }}"))).await;
        assert_refused(&payload, "INVALID_CURSOR", Some("cursor"));
    }
}

#[tokio::test]
async fn authors_and_likes_are_looked_up_once_a_page() {
    let world = World::new().await;
    let mut liked = String::new();
    for (user, name) in [(7, "ann"), (8, "bob"), (9, "cat"), (10, "dan")] {
        world.auth.set(user, name, name);
        liked = write(&world.anyone.as_user(user, name), "a").await;
    }
    world
        .bob()
        .ask(&format!("mutation {{ likePost(id: {liked}) {{ success }} }}"))
        .await;
    assert!(world.auth.asked().is_empty(), "nobody wanted an author");
    world.bob().ask("{ getPosts { posts { id content } } }").await;
    assert!(world.auth.asked().is_empty(), "nobody wanted an author");

    let posts = feed(&world.bob()).await;
    let names: Vec<_> = posts
        .iter()
        .map(|post| post["author"]["username"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["dan", "cat", "bob", "ann"]);
    let likes: Vec<_> = posts.iter().map(|post| post["likedByMe"] == true).collect();
    assert_eq!(likes, [true, false, false, false]);
    assert_eq!(world.auth.asked(), ["7,8,9,10"], "one look-up for all");
}

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Step {
    Write,
    Delete(usize),
    Turn,
}

fn steps() -> impl Strategy<Value = (usize, Vec<Step>)> {
    let step = prop_oneof![
        Just(Step::Write),
        (0..30_usize).prop_map(Step::Delete),
        Just(Step::Turn)
    ];
    (1..4_usize, prop::collection::vec(step, 5..25))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Turning pages shows every post that was there at the start and stays, once, newest first, whatever is written and
    /// deleted meanwhile; and none that came later.
    #[test]
    fn pages_are_stable_while_posts_come_and_go((limit, steps) in steps()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(turn_pages(limit, steps));
    }
}

async fn turn_pages(limit: usize, steps: Vec<Step>) {
    let world = World::new().await;
    let ann = world.ann();
    for _ in 0..8 {
        write(&ann, "a").await;
    }
    let start: BTreeSet<i64> = (1..=8).collect();
    let (mut deleted, mut all) = (BTreeSet::new(), start.clone());
    let (mut seen, mut next) = page(&world.anyone, limit, None).await;
    for step in steps {
        match step {
            Step::Write => {
                all.insert(write(&ann, "a").await.parse().unwrap());
            }
            Step::Delete(which) => {
                let alive: Vec<_> = all.difference(&deleted).copied().collect();
                let Some(id) = alive.get(which % alive.len().max(1)) else {
                    continue;
                };
                ann.ask(&format!("mutation {{ deletePost(id: {id}) {{ success }} }}"))
                    .await;
                deleted.insert(*id);
            }
            Step::Turn => {
                let Some(cursor) = next else { continue };
                let (more, after) = page(&world.anyone, limit, Some(&cursor)).await;
                seen.extend(more);
                next = after;
            }
        }
    }
    while let Some(cursor) = next {
        let (more, after) = page(&world.anyone, limit, Some(&cursor)).await;
        seen.extend(more);
        next = after;
    }
    assert!(seen.is_sorted_by(|a, b| a > b), "newest first, none twice: {seen:?}");
    let seen: BTreeSet<_> = seen.into_iter().collect();
    assert!(seen.is_subset(&start), "{seen:?} holds later posts");
    let staying: BTreeSet<_> = start.difference(&deleted).copied().collect();
    assert!(staying.is_subset(&seen), "{staying:?} are not all in {seen:?}");
}
