//! Redis against a real server, with and without a proxy that fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use shared_redis::{Event, Options, Redis, RedisError, Script};
use shared_testkit::{FaultProxy, TestRedis, eventually};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

async fn next(events: &mut shared_redis::Events) -> Event {
    tokio::time::timeout(SOON, events.recv())
        .await
        .expect("an event in time")
        .expect("a stream without end")
}

fn message(channel: &str, payload: &str) -> Event {
    Event::Message {
        channel: channel.into(),
        payload: payload.into(),
    }
}

#[tokio::test]
async fn stores_values_for_their_time() {
    let store = TestRedis::new();
    let redis = store.redis(1);
    redis.set_json("posts:1", &vec![1, 2], MINUTE).await.unwrap();
    redis.set_text("posts:2", "text", MINUTE).await.unwrap();
    redis
        .set_text("posts:short", "gone", Duration::from_millis(30))
        .await
        .unwrap();
    assert_eq!(redis.get_json::<Vec<i32>>("posts:1").await.unwrap(), Some(vec![1, 2]));
    assert_eq!(redis.get_text("posts:2").await.unwrap().as_deref(), Some("text"));
    let many = redis
        .get_many_json::<Vec<i32>>(&["posts:1".into(), "posts:9".into()])
        .await
        .unwrap();
    assert_eq!(many, [Some(vec![1, 2]), None]);
    assert!(matches!(
        redis.get_json::<i32>("posts:2").await,
        Err(RedisError::Json(_))
    ));
    eventually(SOON, || async {
        redis.get_text("posts:short").await.unwrap().is_none()
    })
    .await;
    assert_eq!(redis.del(&["posts:1", "posts:9"]).await.unwrap(), 1);
    assert_eq!(redis.get_json::<Vec<i32>>("posts:1").await.unwrap(), None);
}

#[tokio::test]
async fn keeps_databases_and_prefixes_apart() {
    let (one, two) = (TestRedis::new(), TestRedis::new());
    one.redis(1).set_text("a:x*1", "1", MINUTE).await.unwrap();
    one.redis(1).set_text("a:y", "2", MINUTE).await.unwrap();
    one.redis(1).set_text("b:x", "3", MINUTE).await.unwrap();
    assert_eq!(one.redis(2).get_text("a:y").await.unwrap(), None);
    assert_eq!(two.redis(1).get_text("a:y").await.unwrap(), None);
    assert_eq!(one.redis(1).scan_prefix("a:").await.unwrap(), ["a:x*1", "a:y"]);
    assert_eq!(one.redis(1).scan_prefix("a:x*").await.unwrap(), ["a:x*1"]);
    assert_eq!(two.redis(1).scan_prefix("").await.unwrap(), [""; 0]);
    let with_path = Redis::connect(&format!("{}/0", one.url()), 1, one.prefix()).unwrap();
    assert_eq!(with_path.get_text("a:y").await.unwrap().as_deref(), Some("2"));
}

#[tokio::test]
async fn counts_in_a_window_that_starts_with_the_first() {
    let store = TestRedis::new();
    let redis = store.redis(0);
    let first = redis.incr_with_ttl("n", MINUTE).await.unwrap();
    let second = redis.incr_with_ttl("n", MINUTE * 9).await.unwrap();
    assert_eq!((first.count, second.count), (1, 2));
    assert!(first.resets_in <= MINUTE && second.resets_in <= MINUTE && !second.resets_in.is_zero());
}

#[tokio::test]
async fn runs_scripts_known_or_not() {
    let store = TestRedis::new();
    let redis = store.redis(0);
    // A new text each time, so that Redis cannot know it.
    let script = Script::new(&format!("-- {}\nreturn {{KEYS[1], ARGV[1]}}", store.prefix()));
    for _ in 0..2 {
        let (key, arg): (String, i64) = redis.run_script(&script, &["k"], &[5]).await.unwrap();
        assert_eq!((key, arg), (redis.key("k"), 5));
    }
    let wrong: Result<(), _> = redis.run_script(&Script::new("return nothing.here"), &[], &[0]).await;
    assert!(matches!(wrong, Err(RedisError::Refused(_))), "{wrong:?}");
    redis.ping().await.expect("a refusal does not open the breaker");
}

#[tokio::test]
async fn fails_fast_while_away_and_recovers() {
    let store = TestRedis::new();
    let proxy = FaultProxy::new(store.url()).await;
    let redis = Redis::connect(proxy.url(), 0, store.prefix()).unwrap();
    eventually(SOON, || redis.ping()).await;

    proxy.cut();
    let error = eventually(SOON, || async { redis.ping().await.err() }).await;
    assert!(error.is_unavailable(), "{error:?}");
    let start = Instant::now();
    for _ in 0..1_000 {
        assert!(redis.ping().await.unwrap_err().is_unavailable());
    }
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "a pile-up: {:?}",
        start.elapsed()
    );

    proxy.resume();
    eventually(SOON, || redis.ping()).await;
}

#[tokio::test]
async fn a_restart_costs_no_call() {
    let store = TestRedis::new();
    let proxy = FaultProxy::new(store.url()).await;
    let options = Options {
        budget: Duration::from_secs(2),
        ..Options::default()
    };
    let redis = Redis::connect_with(proxy.url(), 0, store.prefix(), &options).unwrap();
    let all = futures::future::join_all((0..8).map(|_| redis.ping())).await;
    assert!(all.iter().all(Result::is_ok));
    for _ in 0..5 {
        proxy.disconnect();
        redis.ping().await.expect("the call is sent again on a new connection");
    }
}

#[tokio::test]
async fn a_silent_server_costs_the_budget_a_few_times() {
    let store = TestRedis::new();
    let proxy = FaultProxy::new(store.url()).await;
    let redis = Redis::connect(proxy.url(), 0, store.prefix()).unwrap();
    eventually(SOON, || redis.ping()).await;
    proxy.stall();
    // One late answer may be a hiccup; three in a row are none.
    for _ in 0..3 {
        let start = Instant::now();
        assert!(redis.ping().await.unwrap_err().is_unavailable());
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    let start = Instant::now();
    assert!(redis.ping().await.unwrap_err().is_unavailable());
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
    proxy.resume();
    eventually(SOON, || redis.ping()).await;
}

#[tokio::test]
async fn starts_without_redis() {
    let redis = Redis::connect("redis://127.0.0.1:1", 0, "").unwrap();
    assert!(redis.ping().await.unwrap_err().is_unavailable());
    assert!(Redis::connect("no url", 0, "").is_err());
}

#[tokio::test]
async fn subscribes_again_after_a_loss() {
    let store = TestRedis::new();
    let proxy = FaultProxy::new(store.url()).await;
    let publisher = store.redis(0);
    let listener = Redis::connect(proxy.url(), 0, store.prefix()).unwrap();
    let mut events = listener.subscribe(&["auth.revoked"], &["post:*"]);
    assert_eq!(next(&mut events).await, Event::Subscribed);
    assert_eq!(publisher.publish("auth.revoked", "1").await.unwrap(), 1);
    assert_eq!(next(&mut events).await, message("auth.revoked", "1"));
    publisher.publish("post:5", "2").await.unwrap();
    assert_eq!(next(&mut events).await, message("post:5", "2"));

    proxy.cut();
    assert_eq!(next(&mut events).await, Event::Lost);
    // The server notices a little later than the client.
    eventually(SOON, || async {
        publisher.publish("auth.revoked", "missed").await.unwrap() == 0
    })
    .await;
    proxy.resume();
    assert_eq!(next(&mut events).await, Event::Subscribed);
    publisher.publish("auth.revoked", "3").await.unwrap();
    assert_eq!(next(&mut events).await, message("auth.revoked", "3"));

    drop(events);
    eventually(SOON, || async {
        publisher.publish("auth.revoked", "nobody").await.unwrap() == 0
    })
    .await;
}

#[tokio::test]
async fn subscriptions_of_other_prefixes_hear_nothing() {
    let (one, two) = (TestRedis::new(), TestRedis::new());
    let mut events = one.redis(0).subscribe(&["c"], &[]);
    assert_eq!(next(&mut events).await, Event::Subscribed);
    two.redis(0).publish("c", "foreign").await.unwrap();
    one.redis(3).publish("c", "own").await.unwrap();
    assert_eq!(next(&mut events).await, message("c", "own"));
}
