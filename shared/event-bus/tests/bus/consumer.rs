//! From RabbitMQ to the handler.

use crate::support::{EXCHANGE, Failure, Recorder, SOON, World, event};
use shared_testkit::{Message, TestVhost, eventually};

async fn dead_letters(vhost: &TestVhost) -> Vec<Message> {
    eventually(SOON, || async {
        Some(vhost.take("things.dead").await).filter(|letters| !letters.is_empty())
    })
    .await
}

#[tokio::test]
async fn an_event_takes_effect_from_end_to_end() {
    let world = World::new().await;
    let recorder = Recorder::default();
    let consumer = world.consumer(recorder.clone()).await;
    let (relay, bus) = world.relay(world.settings());
    world.say("a").await;
    bus.wake();
    world.until_effects(&["a"]).await;
    eventually(SOON, || async { *recorder.after.lock().unwrap() == ["a"] }).await;
    assert_eq!(*recorder.traces.lock().unwrap(), ["00-trace"]);
    consumer.shutdown().await;
    relay.shutdown().await;
}

#[tokio::test]
async fn a_duplicate_changes_nothing() {
    let world = World::new().await;
    let recorder = Recorder::default();
    let _consumer = world.consumer(recorder.clone()).await;
    let twice = event("twice");
    for _ in 0..3 {
        assert!(world.vhost.publish(EXCHANGE, &twice).await);
    }
    world.vhost.publish(EXCHANGE, &event("last")).await;
    world.until_effects(&["twice", "last"]).await;
    assert_eq!(recorder.attempts(), 2);
    assert_eq!(*recorder.after.lock().unwrap(), ["twice", "last"]);
}

#[tokio::test]
async fn a_transient_failure_is_tried_again_and_leaves_no_trace() {
    let world = World::new().await;
    let recorder = Recorder::failing(2, Failure::Transient);
    let _consumer = world.consumer(recorder.clone()).await;
    world.vhost.publish(EXCHANGE, &event("a")).await;
    world.until_effects(&["a"]).await;
    assert_eq!(recorder.attempts(), 3);
    assert!(world.vhost.take("things.dead").await.is_empty());
}

#[tokio::test]
async fn a_lasting_failure_becomes_a_dead_letter_with_its_reason() {
    let world = World::new().await;
    let recorder = Recorder::failing(5, Failure::Transient);
    let _consumer = world.consumer(recorder.clone()).await;
    let bad = event("bad");
    world.vhost.publish(EXCHANGE, &bad).await;
    world.vhost.publish(EXCHANGE, &event("good")).await;
    world.until_effects(&["good"]).await;
    assert_eq!(recorder.attempts(), 6);
    let letters = dead_letters(&world.vhost).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].event(), bad);
    assert!(
        letters[0].header("x-reason").unwrap().contains("not yet"),
        "{letters:?}"
    );
    assert_eq!(letters[0].header("x-original-routing-key"), Some("thing.made"));
    assert_eq!(world.processed().await, 1, "a dead letter can be replayed");
}

#[tokio::test]
async fn a_permanent_failure_is_not_tried_again() {
    let world = World::new().await;
    let recorder = Recorder::failing(1, Failure::Permanent);
    let _consumer = world.consumer(recorder.clone()).await;
    world.vhost.publish(EXCHANGE, &event("bad")).await;
    assert_eq!(dead_letters(&world.vhost).await.len(), 1);
    assert_eq!(recorder.attempts(), 1);
    assert!(world.effects().await.is_empty());
}

#[tokio::test]
async fn what_is_away_is_waited_for() {
    let world = World::new().await;
    // More often than a transient failure would be tried.
    let recorder = Recorder::failing(8, Failure::Away);
    let _consumer = world.consumer(recorder.clone()).await;
    world.vhost.publish(EXCHANGE, &event("a")).await;
    world.until_effects(&["a"]).await;
    assert!(world.vhost.take("things.dead").await.is_empty());
}

#[tokio::test]
async fn a_panic_is_a_transient_failure() {
    let world = World::new().await;
    let recorder = Recorder::failing(2, Failure::Panic);
    let _consumer = world.consumer(recorder.clone()).await;
    world.vhost.publish(EXCHANGE, &event("a")).await;
    world.until_effects(&["a"]).await;
    assert_eq!(recorder.attempts(), 3);
}

#[tokio::test]
async fn what_is_no_event_becomes_a_dead_letter() {
    let world = World::new().await;
    let _consumer = world.consumer(Recorder::default()).await;
    let mut foreign = event("x");
    foreign.specversion = "9.9".into();
    let mut shapeless = event("x");
    shapeless.data = serde_json::json!({ "not": "text" });
    world.vhost.publish_raw(EXCHANGE, "thing.made", "no json").await;
    world.vhost.publish_raw(EXCHANGE, "thing.made", "{}").await;
    world.vhost.publish(EXCHANGE, &foreign).await;
    world.vhost.publish(EXCHANGE, &shapeless).await;
    world.vhost.publish(EXCHANGE, &event("good")).await;
    world.until_effects(&["good"]).await;
    let letters = dead_letters(&world.vhost).await;
    assert_eq!(letters.len(), 4, "{letters:?}");
    assert_eq!(letters[0].payload, "no json");
}

#[tokio::test]
async fn two_instances_share_a_queue() {
    let world = World::new().await;
    let (one, two) = (Recorder::default(), Recorder::default());
    let first = world.consumer(one.clone()).await;
    let _second = world.consumer(two.clone()).await;
    for n in 0..20 {
        world.vhost.publish(EXCHANGE, &event(&n.to_string())).await;
    }
    eventually(SOON, || async { world.effects().await.len() == 20 }).await;
    assert_eq!(one.attempts() + two.attempts(), 20);
    first.shutdown().await;
    world.vhost.publish(EXCHANGE, &event("after")).await;
    eventually(SOON, || async { world.effects().await.len() == 21 }).await;
}

#[tokio::test]
async fn after_a_shutdown_nothing_is_handled_and_nothing_is_lost() {
    let world = World::new().await;
    let consumer = world.consumer(Recorder::default()).await;
    consumer.shutdown().await;
    assert!(world.vhost.publish(EXCHANGE, &event("kept")).await, "the queue stays");
    assert!(world.effects().await.is_empty());
    let _again = world.consumer(Recorder::default()).await;
    world.until_effects(&["kept"]).await;
}
