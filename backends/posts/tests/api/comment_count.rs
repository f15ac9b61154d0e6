//! `commentCount` follows the events of the comments service, through a real RabbitMQ.

use crate::world::{SOON, World, feed, read, write};
use chrono::Utc;
use serde_json::json;
use shared_contracts::event::{Actor, CloudEvent, Comment, CommentChanged, EXCHANGE, key};
use shared_contracts::user::PublicUser;
use shared_testkit::{TestVhost, eventually};
use uuid::Uuid;

struct Bus {
    vhost: TestVhost,
    world: World,
}

impl Bus {
    async fn new() -> Self {
        let vhost = TestVhost::new().await;
        let world = World::with(|config| config.events.url = vhost.url().to_owned()).await;
        world.background.until_connected().await;
        Self { vhost, world }
    }

    async fn say(&self, event: &CloudEvent) {
        assert!(
            self.vhost.publish(EXCHANGE, event).await,
            "nobody listens to {}",
            event.kind
        );
    }

    /// Events are handled in their order: once a last one had its effect, all before have had theirs.
    async fn settle(&self) {
        let marker = write(&self.world.ann(), "marker").await;
        self.say(&comment(key::COMMENT_CREATED, i64::from(rand_id()), &marker))
            .await;
        eventually(SOON, || async {
            read(&self.world.anyone, &marker).await["commentCount"] == 1
        })
        .await;
    }

    async fn count(&self, post: &str) -> i64 {
        read(&self.world.anyone, post).await["commentCount"].as_i64().unwrap()
    }
}

fn rand_id() -> u32 {
    Uuid::new_v4().as_fields().0.max(1000)
}

fn event(kind: &str, data: serde_json::Value) -> CloudEvent {
    CloudEvent {
        specversion: "1.0".into(),
        id: Uuid::now_v7(),
        source: "/comments".into(),
        kind: kind.into(),
        subject: None,
        time: Utc::now(),
        datacontenttype: "application/json".into(),
        data,
    }
}

fn comment(kind: &str, id: i64, post_id: &str) -> CloudEvent {
    let author = PublicUser {
        id: "8".into(),
        username: "bob".into(),
        full_name: "Bob".into(),
        avatar_url: None,
    };
    let comment = Comment {
        id: id.to_string(),
        post_id: post_id.into(),
        content: "hm".into(),
        author,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    };
    let actor = Actor {
        id: "8".into(),
        username: "bob".into(),
    };
    let data = CommentChanged {
        comment,
        post_author_id: "7".into(),
        actor,
    };
    event(kind, serde_json::to_value(data).unwrap())
}

#[tokio::test]
async fn each_comment_counts_once_in_any_order() {
    let bus = Bus::new().await;
    let post = write(&bus.world.ann(), "a").await;
    let first = comment(key::COMMENT_CREATED, 1, &post);
    bus.say(&first).await;
    eventually(SOON, || async { bus.count(&post).await == 1 }).await;
    assert_eq!(
        feed(&bus.world.anyone).await[0]["commentCount"],
        1,
        "the feed shows it, too"
    );

    bus.say(&first).await;
    bus.say(&comment(key::COMMENT_CREATED, 1, &post)).await;
    bus.say(&comment(key::COMMENT_CREATED, 2, &post)).await;
    // The deletion overtakes what it deletes.
    bus.say(&comment(key::COMMENT_DELETED, 3, &post)).await;
    bus.say(&comment(key::COMMENT_DELETED, 3, &post)).await;
    bus.say(&comment(key::COMMENT_CREATED, 3, &post)).await;
    bus.settle().await;
    assert_eq!(bus.count(&post).await, 2);

    bus.say(&comment(key::COMMENT_DELETED, 1, &post)).await;
    bus.say(&comment(key::COMMENT_DELETED, 1, &post)).await;
    bus.say(&comment(key::COMMENT_CREATED, 1, &post)).await;
    bus.settle().await;
    assert_eq!(bus.count(&post).await, 1);
}

#[tokio::test]
async fn a_post_that_is_gone_stays_gone() {
    let bus = Bus::new().await;
    let post = write(&bus.world.ann(), "a").await;
    bus.say(&comment(key::COMMENT_CREATED, 1, &post)).await;
    eventually(SOON, || async { bus.count(&post).await == 1 }).await;
    bus.world
        .ann()
        .ask(&format!("mutation {{ deletePost(id: {post}) {{ success }} }}"))
        .await;
    bus.say(&comment(key::COMMENT_CREATED, 2, &post)).await;
    bus.say(&comment(key::COMMENT_DELETED, 1, &post)).await;
    bus.settle().await;
    assert!(read(&bus.world.anyone, &post).await.is_null());
    let left = format!("DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM comment_refs WHERE post_id = {post}); END $$");
    bus.world.db.execute(&left).await;
    assert!(bus.vhost.take("posts.dead").await.is_empty());
}

#[tokio::test]
async fn nonsense_becomes_a_dead_letter_and_holds_nobody_up() {
    let bus = Bus::new().await;
    bus.say(&comment(key::COMMENT_CREATED, 1, "nonsense")).await;
    bus.say(&event(key::COMMENT_CREATED, json!({ "no": "comment" }))).await;
    bus.settle().await;
    let dead = || async {
        let dead = bus.vhost.take("posts.dead").await;
        (dead.len() == 2).then_some(dead)
    };
    let dead = eventually(SOON, dead).await;
    assert!(
        dead.iter().all(|message| message.header("x-reason").is_some()),
        "{dead:?}"
    );
}

#[tokio::test]
async fn a_changed_user_is_looked_up_again() {
    let bus = Bus::new().await;
    let post = write(&bus.world.ann(), "a").await;
    assert_eq!(
        read(&bus.world.anyone, &post).await["author"]["fullName"],
        "Ann Example"
    );
    bus.world.auth.set(7, "ann", "Ann Renamed");
    assert_eq!(
        read(&bus.world.anyone, &post).await["author"]["fullName"],
        "Ann Example",
        "known for a while"
    );
    let user = PublicUser {
        id: "7".into(),
        username: "ann".into(),
        full_name: "Ann Renamed".into(),
        avatar_url: None,
    };
    bus.say(&event(key::USER_UPDATED, serde_json::to_value(user).unwrap()))
        .await;
    let renamed = || async { read(&bus.world.anyone, &post).await["author"]["fullName"] == "Ann Renamed" };
    eventually(SOON, renamed).await;
}
