//! From the outbox to RabbitMQ.

use crate::support::{EXCHANGE, SOON, World, say};
use diesel_async::AsyncConnection;
use shared_event_bus::{Bus, EventDraft, Relay, outbox};
use shared_postgres::DbError;
use shared_testkit::{TestDb, eventually};
use std::time::{Duration, Instant};

fn values(messages: &[shared_testkit::Message]) -> Vec<String> {
    messages
        .iter()
        .map(|message| message.event().data.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn publishes_an_envelope_and_forgets_the_row() {
    let world = World::new().await;
    world.vhost.listen(EXCHANGE, "ear", &["#"]).await;
    world.say("a").await;
    assert_eq!(world.backlog().await, 1);
    let (relay, _bus) = world.relay(world.settings());
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    let messages = world.vhost.take("ear").await;
    let event = messages[0].event();
    assert_eq!((messages.len(), messages[0].routing_key.as_str()), (1, "thing.made"));
    assert_eq!((event.source.as_str(), event.kind.as_str()), ("/tests", "thing.made"));
    assert_eq!(
        (event.subject.as_deref(), event.data.as_str()),
        (Some("thing/1"), Some("a"))
    );
    assert_eq!(messages[0].header("traceparent"), Some("00-trace"));
    assert_eq!(messages[0].properties["delivery_mode"], 2);
    assert_eq!(messages[0].properties["message_id"], event.id.to_string());
    relay.shutdown().await;
}

#[tokio::test]
async fn a_rolled_back_event_was_never_said() {
    let world = World::new().await;
    let mut conn = world.pool().get().await.unwrap();
    let outcome = conn
        .transaction::<(), DbError, _>(async |conn| {
            outbox::enqueue(conn, EventDraft::new("thing.made", "thing/1", &"a")?).await?;
            Err(DbError::internal("changed my mind"))
        })
        .await;
    assert!(outcome.is_err());
    assert_eq!(world.backlog().await, 0);
}

#[tokio::test]
async fn waking_is_faster_than_polling() {
    let world = World::new().await;
    world.vhost.listen(EXCHANGE, "ear", &["#"]).await;
    let (_relay, bus) = world.relay(world.settings());
    // The first brings up the connection.
    world.say("first").await;
    bus.wake();
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    let mut fastest = Duration::MAX;
    for _ in 0..10 {
        world.say("next").await;
        let start = Instant::now();
        bus.wake();
        eventually(SOON, || async { world.backlog().await == 0 }).await;
        fastest = fastest.min(start.elapsed());
    }
    assert!(fastest < Duration::from_millis(250), "{fastest:?}");
}

#[tokio::test]
async fn two_relays_keep_the_order_and_share_the_work() {
    let world = World::new().await;
    world.vhost.listen(EXCHANGE, "ear", &["#"]).await;
    let (one, bus) = world.relay(world.settings());
    let two = Relay::spawn(world.pool(), world.settings(), bus.clone());
    let said: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    for value in &said {
        world.say(value).await;
        bus.wake();
    }
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    assert_eq!(values(&world.vhost.take("ear").await), said);

    one.shutdown().await;
    world.say("after").await;
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    assert_eq!(values(&world.vhost.take("ear").await), ["after"]);
    two.shutdown().await;
}

#[tokio::test]
async fn a_backlog_larger_than_a_batch_drains() {
    let world = World::new().await;
    world.vhost.listen(EXCHANGE, "ear", &["#"]).await;
    let sql = "INSERT INTO outbox_events (event_id, kind, data)
               SELECT gen_random_uuid(), 'thing.made', to_jsonb(n::text) FROM generate_series(1, 250) n";
    TestDb::execute(&world.db, sql).await;
    let (_relay, _bus) = world.relay(world.settings());
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    let mut heard = Vec::new();
    while heard.len() < 250 {
        let more = values(&world.vhost.take("ear").await);
        assert!(!more.is_empty(), "only {} arrived", heard.len());
        heard.extend(more);
    }
    assert_eq!(heard, (1..=250).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_that_nobody_wants_does_not_block_the_next() {
    let world = World::new().await;
    world.vhost.listen(EXCHANGE, "ear", &["other.made"]).await;
    let (_relay, bus) = world.relay(world.settings());
    world.say("unheard").await;
    bus.wake();
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    assert!(world.vhost.take("ear").await.is_empty());
}

#[tokio::test]
async fn dropping_the_handle_ends_the_relay() {
    let world = World::new().await;
    world.vhost.listen(EXCHANGE, "ear", &["#"]).await;
    let bus = Bus::new();
    drop(Relay::spawn(world.pool(), world.settings(), bus.clone()));
    tokio::time::sleep(Duration::from_millis(700)).await;
    say(&world.pool(), "late").await;
    bus.wake();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(world.backlog().await, 1);
}
