//! The scripts say on a real Redis what their models say in memory. Needs `TEST_REDIS_URL`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edge_policy::rate_limit::{
    Algorithm, Decision, GCRA_SCRIPT, Gcra, Limit, OnStoreFailure, Part, Rate, Window,
    lease::{Ask, Authority, Grant, LEASE_SCRIPT, Terms, ask_args, grants},
};
use proptest::{prelude::*, test_runner::TestRunner};
use redis::{AsyncCommands, Script, aio::MultiplexedConnection};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

fn limit(algorithm: Algorithm, count: u32, per: Duration, burst: u32) -> Limit {
    Limit {
        name: "test".into(),
        key: Part::ClientIp.into(),
        when: None,
        cost: 1,
        rate: Rate { count, per },
        burst,
        algorithm,
        on_store_failure: OnStoreFailure::Local,
    }
}

async fn redis() -> MultiplexedConnection {
    let url =
        std::env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL names a Redis to test with; `cargo dev test` sets it");
    redis::Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .unwrap()
}

/// A key that no other test, process or earlier run has; the scripts give it an expiry.
fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!(
        "test:{}:{now}:edge:rl:{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

async fn hit(redis: &mut MultiplexedConnection, limit: &Limit, key: &str) -> Decision {
    let script = Script::new(limit.script());
    let mut call = script.key(key);
    let (a, b): (i64, i64) = call.arg(&limit.script_args()).invoke_async(redis).await.unwrap();
    limit.decide([a, b])
}

/// What the script that only looks says.
async fn peek(redis: &mut MultiplexedConnection, limit: &Limit, key: &str) -> Decision {
    let script = Script::new(limit.peek_script());
    let mut call = script.key(key);
    let (a, b): (i64, i64) = call.arg(&limit.script_args()).invoke_async(redis).await.unwrap();
    limit.decide([a, b])
}

#[tokio::test]
async fn a_look_says_what_the_next_request_is_told_and_leaves_no_trace() {
    for (algorithm, burst) in [(Algorithm::Window, 1), (Algorithm::Gcra, 3)] {
        let limit = limit(algorithm, 3, Duration::from_secs(900), burst);
        let (mut redis, key) = (redis().await, fresh_key());
        let first = peek(&mut redis, &limit, &key).await;
        assert_eq!((first.allowed, first.remaining), (true, 2), "{algorithm:?}");
        assert!(!redis.exists::<_, bool>(&key).await.unwrap(), "{algorithm:?}");
        for _ in 0..5 {
            let (seen, again) = (
                peek(&mut redis, &limit, &key).await,
                peek(&mut redis, &limit, &key).await,
            );
            let told = hit(&mut redis, &limit, &key).await;
            for seen in [seen, again] {
                assert_eq!(
                    (seen.allowed, seen.remaining),
                    (told.allowed, told.remaining),
                    "{algorithm:?}"
                );
                // Redis's clock goes on between the two.
                assert!(
                    seen.reset.abs_diff(told.reset) < Duration::from_secs(5),
                    "{seen:?} {told:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_window_counts_exactly_under_concurrency() {
    let limit = limit(Algorithm::Window, 100, Duration::from_secs(900), 1);
    let (redis, key) = (redis().await, fresh_key());
    let tasks = (0..250).map(|_| {
        let (mut redis, limit, key) = (redis.clone(), limit.clone(), key.clone());
        tokio::spawn(async move { hit(&mut redis, &limit, &key).await })
    });
    let mut allowed = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        let decision = task.await.unwrap();
        assert!(decision.reset <= limit.rate.per && decision.reset > limit.rate.per - Duration::from_secs(30));
        if decision.allowed {
            allowed.push(decision.remaining);
        }
    }
    allowed.sort_unstable();
    assert_eq!(
        allowed,
        (0..100).collect::<Vec<_>>(),
        "each remaining count is told once"
    );
}

#[tokio::test]
async fn the_window_ends_with_its_first_request_and_never_lasts_for_ever() {
    let limit = limit(Algorithm::Window, 1, Duration::from_millis(300), 1);
    let (mut redis, key) = (redis().await, fresh_key());
    assert!(hit(&mut redis, &limit, &key).await.allowed);
    let refused = hit(&mut redis, &limit, &key).await;
    assert!(!refused.allowed && refused.retry_after <= limit.rate.per);
    // Refused requests must not prolong it: asking on and on gets through.
    let deadline = Instant::now() + Duration::from_secs(10);
    while !hit(&mut redis, &limit, &key).await.allowed {
        assert!(Instant::now() < deadline, "the window never ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let _: () = redis.persist(&key).await.unwrap();
    hit(&mut redis, &limit, &key).await;
    let left: i64 = redis.pttl(&key).await.unwrap();
    assert!((0..=300).contains(&left), "a lost expiry comes back: {left}");
}

#[test]
fn the_window_script_agrees_with_its_model() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut redis = runtime.block_on(redis());
    let law = |(count, costs): (u32, Vec<u32>)| {
        let mut limit = limit(Algorithm::Window, count, Duration::from_secs(900), 1);
        let (key, now, mut model) = (fresh_key(), Instant::now(), None);
        for cost in costs {
            limit.cost = cost.min(count);
            let real = runtime.block_on(hit(&mut redis.clone(), &limit, &key));
            let want = Window::hit(&mut model, &limit, now);
            prop_assert_eq!((real.allowed, real.remaining), (want.allowed, want.remaining));
            prop_assert_eq!(real.allowed, real.retry_after.is_zero());
        }
        Ok(())
    };
    TestRunner::new(ProptestConfig::with_cases(24))
        .run(&(1u32..30, prop::collection::vec(1u32..6, 1..40)), law)
        .unwrap();
    let _: () = runtime.block_on(redis.ping()).unwrap();
}

/// The script with the clock handed in; everything else is as it runs in production.
fn gcra_with_clock() -> Script {
    let clock = "redis.call('TIME')";
    assert_eq!(GCRA_SCRIPT.matches(clock).count(), 1);
    Script::new(&GCRA_SCRIPT.replace(clock, "{ARGV[4], ARGV[5]}"))
}

#[test]
fn the_gcra_script_agrees_with_its_model() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let redis = runtime.block_on(redis());
    let script = gcra_with_clock();
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    // Intervals of many seconds: no key expires by the real clock while the test's own clock runs.
    let strategy = (
        1u32..8,
        1u32..6,
        prop::collection::vec((0u64..400_000_000, 1u32..6), 1..40),
    );
    let law = |(count, burst, asked): (u32, u32, Vec<(u64, u32)>)| {
        let mut limit = limit(Algorithm::Gcra, count, Duration::from_secs(600), burst);
        let (key, base, mut model, mut passed) = (fresh_key(), Instant::now(), None, Duration::ZERO);
        for (gap, cost) in asked {
            limit.cost = cost.min(burst);
            passed += Duration::from_micros(gap);
            let now = start + passed;
            let mut call = script.key(&key);
            call.arg(&limit.script_args())
                .arg(now.as_secs())
                .arg(now.subsec_micros());
            let (a, b): (i64, i64) = runtime.block_on(call.invoke_async(&mut redis.clone())).unwrap();
            prop_assert_eq!(limit.decide([a, b]), Gcra::hit(&mut model, &limit, base + passed));
        }
        Ok(())
    };
    TestRunner::new(ProptestConfig::with_cases(24))
        .run(&strategy, law)
        .unwrap();
}

#[tokio::test]
async fn gcra_runs_on_the_clock_of_redis_and_leaves_nothing_behind() {
    let limit = limit(Algorithm::Gcra, 10, Duration::from_secs(1), 3);
    let (mut redis, key) = (redis().await, fresh_key());
    let mut refused = None;
    for _ in 0..50 {
        let decision = hit(&mut redis, &limit, &key).await;
        if !decision.allowed {
            refused = Some(decision);
            break;
        }
    }
    let refused = refused.expect("a burst of 3 cannot take 50");
    assert!(refused.retry_after <= Duration::from_millis(100));
    let left: i64 = redis.pttl(&key).await.unwrap();
    assert!((1..=301).contains(&left), "the key goes when its debt is paid: {left}");
}

/// What docs/rate-limits.md says of Redis's memory. How much a key takes exactly is for Redis's version to say.
#[tokio::test]
async fn a_subject_takes_little_of_redis() {
    let mut redis = redis().await;
    let name = |kind: &str| fresh_key() + kind + ":anonymous_ip:255.255.255.255";
    let (window, gcra, leased) = (name("w"), name("g"), name("l"));
    hit(
        &mut redis,
        &limit(Algorithm::Window, 100, Duration::from_secs(900), 0),
        &window,
    )
    .await;
    let limit = limit(Algorithm::Gcra, 10, Duration::from_secs(60), 10);
    hit(&mut redis, &limit, &gcra).await;
    let ask = Ask {
        want: 5,
        ..Ask::default()
    };
    lend(&mut redis, &Terms::new(&limit), (0, 1), &ask, &leased).await;
    for key in [window, gcra, leased] {
        let usage: Option<u64> = redis::cmd("MEMORY")
            .arg("USAGE")
            .arg(&key)
            .query_async(&mut redis)
            .await
            .unwrap();
        assert!(usage.is_some_and(|bytes| bytes <= 256), "{key}: {usage:?}");
    }
}

/// One edge's call for one bucket.
async fn lend(
    redis: &mut MultiplexedConnection,
    terms: &Terms,
    (edge, number): (u32, u64),
    ask: &Ask,
    key: &str,
) -> Grant {
    let script = Script::new(LEASE_SCRIPT);
    let mut call = script.key(format!("{key}:edge-{edge}"));
    call.key(key).arg(number).arg(format!("edge-{edge}"));
    for arg in ask_args(terms, ask) {
        call.arg(arg);
    }
    let reply: Vec<i64> = call.invoke_async(redis).await.unwrap();
    grants(&reply).next().unwrap()
}

#[test]
fn leases_are_lent_as_in_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let redis = runtime.block_on(redis());
    let asks = prop::collection::vec(
        (
            0u32..3,
            0u32..40,
            0u32..10,
            0u32..10,
            0u32..10,
            prop::bool::weighted(0.2),
        ),
        1..12,
    );
    let mut runner = TestRunner::default();
    let compared = AtomicU64::new(0);
    runner
        .run(&(1u32..200, asks), |(burst, asks)| {
            // So slow that no token comes back while the test runs.
            let terms = Terms::new(&limit(Algorithm::Gcra, 1, Duration::from_secs(3_600), burst));
            let (mut redis, key, began) = (redis.clone(), fresh_key(), Instant::now());
            let (mut model, mut numbers) = (Authority::default(), [0u64; 3]);
            let hour = 3_600_000_000u64;
            for (edge, want, least, debt, returned, again) in asks {
                let number = &mut numbers[edge as usize];
                let is_again = again && *number > 0;
                *number += u64::from(!is_again);
                let least = least.min(want);
                let ask = Ask {
                    want,
                    least,
                    debt,
                    returned,
                };
                let lent = runtime.block_on(lend(&mut redis, &terms, (edge, *number), &ask, &key));
                let told = if is_again { Ask::default() } else { ask };
                let expected = model.serve(&terms, edge, &told, hour);
                if began.elapsed() > Duration::from_millis(90) {
                    // Who asked "a moment ago" depends on the clock.
                    return Ok(());
                }
                prop_assert_eq!((lent.tokens, lent.shared), (expected.tokens, expected.shared));
                prop_assert!(lent.ahead.abs_diff(expected.ahead) < Duration::from_secs(1));
                compared.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        })
        .unwrap();
    assert!(compared.into_inner() > 100);
}
