//! With a store that is away for a while.

use crate::support::{EXCHANGE, Recorder, SOON, World, event, say};
use shared_event_bus::Settings;
use shared_testkit::{FaultProxy, eventually};
use std::time::Duration;

#[tokio::test]
async fn rabbitmq_away_between_commit_and_publish() {
    let world = World::new().await;
    let proxy = FaultProxy::new(world.vhost.url()).await;
    let recorder = Recorder::default();
    let _consumer = world.consumer(recorder.clone()).await;
    let (_relay, bus) = world.relay(Settings {
        amqp_url: proxy.url().into(),
        ..world.settings()
    });
    world.say("before").await;
    bus.wake();
    world.until_effects(&["before"]).await;

    proxy.cut();
    for value in ["1", "2", "3"] {
        world.say(value).await;
        bus.wake();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.backlog().await, 3, "writes succeed, events wait");
    proxy.resume();
    world.until_effects(&["before", "1", "2", "3"]).await;
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    assert_eq!(recorder.attempts(), 4);
}

#[tokio::test]
async fn a_lost_confirm_doubles_the_message_but_not_its_effect() {
    let world = World::new().await;
    let proxy = FaultProxy::new(world.vhost.url()).await;
    let recorder = Recorder::default();
    let _consumer = world.consumer(recorder.clone()).await;
    let (_relay, bus) = world.relay(Settings {
        amqp_url: proxy.url().into(),
        ..world.settings()
    });
    world.say("before").await;
    bus.wake();
    world.until_effects(&["before"]).await;
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    world.vhost.listen(EXCHANGE, "ear", &["#"]).await;

    // The message arrives, its confirm does not: the relay has to send it again.
    proxy.mute();
    world.say("once").await;
    bus.wake();
    world.until_effects(&["before", "once"]).await;
    assert_eq!(world.backlog().await, 1);
    proxy.disconnect();
    proxy.resume();
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    assert_eq!(world.vhost.take("ear").await.len(), 2);
    world.vhost.publish(EXCHANGE, &event("last")).await;
    world.until_effects(&["before", "once", "last"]).await;
    assert_eq!(recorder.attempts(), 3);
}

#[tokio::test]
async fn a_consumer_comes_back_after_a_cut() {
    let world = World::new().await;
    let proxy = FaultProxy::new(world.vhost.url()).await;
    let settings = Settings {
        amqp_url: proxy.url().into(),
        ..world.settings()
    };
    let consumer = world.consumer_at(settings, world.pool(), Recorder::default()).await;
    proxy.cut();
    eventually(SOON, || async { !consumer.is_connected() }).await;
    world.vhost.publish(EXCHANGE, &event("meanwhile")).await;
    proxy.resume();
    world.until_effects(&["meanwhile"]).await;
    for n in 0..3 {
        proxy.disconnect();
        world.vhost.publish(EXCHANGE, &event(&n.to_string())).await;
    }
    world.until_effects(&["meanwhile", "0", "1", "2"]).await;
    consumer.shutdown().await;
}

#[tokio::test]
async fn a_consumer_waits_for_its_database() {
    let world = World::new().await;
    let proxy = FaultProxy::new(world.db.url()).await;
    let pool = shared_postgres::connect(proxy.url(), 3).unwrap();
    let _consumer = world.consumer_at(world.settings(), pool, Recorder::default()).await;
    proxy.cut();
    world.vhost.publish(EXCHANGE, &event("a")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(world.effects().await.is_empty());
    proxy.resume();
    world.until_effects(&["a"]).await;
    assert!(world.vhost.take("things.dead").await.is_empty());
}

#[tokio::test]
async fn a_relay_starts_before_its_stores() {
    let world = World::new().await;
    let (database, rabbitmq) = (
        FaultProxy::new(world.db.url()).await,
        FaultProxy::new(world.vhost.url()).await,
    );
    database.cut();
    rabbitmq.cut();
    world.vhost.listen(EXCHANGE, "ear", &["#"]).await;
    let pool = shared_postgres::connect(database.url(), 2).unwrap();
    let bus = shared_event_bus::Bus::new();
    let settings = Settings {
        amqp_url: rabbitmq.url().into(),
        ..world.settings()
    };
    let relay = shared_event_bus::Relay::spawn(pool.clone(), settings, bus);
    say(&world.pool(), "early").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    database.resume();
    eventually(SOON, || shared_postgres::ping(&pool)).await;
    rabbitmq.resume();
    eventually(SOON, || async { world.backlog().await == 0 }).await;
    assert_eq!(world.vhost.take("ear").await.len(), 1);
    relay.shutdown().await;
}

#[tokio::test]
async fn a_silent_rabbitmq_does_not_hold_up_a_shutdown() {
    let world = World::new().await;
    let proxy = FaultProxy::new(world.vhost.url()).await;
    proxy.stall();
    let settings = Settings {
        amqp_url: proxy.url().into(),
        ..world.settings()
    };
    let (relay, bus) = world.relay(settings.clone());
    let wanted = shared_event_bus::Subscription::new("things", ["thing.*"]);
    let consumer = shared_event_bus::Consumer::spawn(world.pool(), settings, wanted, Recorder::default());
    world.say("a").await;
    bus.wake();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let both = async { tokio::join!(relay.shutdown(), consumer.shutdown()) };
    tokio::time::timeout(Duration::from_secs(6), both)
        .await
        .expect("an end in time");
    assert_eq!(world.backlog().await, 1);
}
