//! Quotas as counted in memory, the meaning of the store's reply, and the fields that tell of them.

use crate::Workload;
use edge_policy::{
    identity::Identity,
    rate_limit::{
        Algorithm, Decision, Denied, Gcra, KeyBy, Limit, LocalCounters, OnStoreFailure, Rate, Window, headers,
        redis_key,
    },
};
use std::{
    hint::black_box,
    net::IpAddr,
    time::{Duration, Instant},
};

/// From one request to the next; slow enough that all pass.
const STEP: Duration = Duration::from_millis(10);

pub(super) fn workloads() -> Vec<Workload> {
    let client: IpAddr = [203, 0, 113, 9].into();
    let (gcra, window) = (limit(Algorithm::Gcra), limit(Algorithm::Window));
    let subject = gcra.subject(client, &Identity::Anonymous).expect("a subject");
    let key = redis_key(&gcra.name, &subject);

    let (mut bucket, mut now) = (None, Instant::now());
    let hit_gcra = move || {
        now += STEP;
        Gcra::hit(&mut bucket, &gcra, now)
    };
    let (mut bucket, mut later) = (None, now);
    let hit_window = move || {
        later += STEP;
        Window::hit(&mut bucket, &window, later)
    };
    vec![
        Workload::new("rate_limit::subject and key", subject_and_key(client)),
        Workload::new("rate_limit::gcra", hit_gcra),
        Workload::new("rate_limit::window", hit_window),
        Workload::new("rate_limit::local::gcra", local(Algorithm::Gcra, key.clone())),
        Workload::new("rate_limit::local::window", local(Algorithm::Window, key.clone())),
        Workload::new("rate_limit::denied::nothing known", denied(key)),
        Workload::new("rate_limit::decide", reply()),
        Workload::new("rate_limit::headers", fields()),
    ]
}

fn limit(algorithm: Algorithm) -> Limit {
    Limit {
        name: "user".into(),
        key: KeyBy::ClientIp,
        anonymous_only: false,
        rate: Rate {
            count: 1_000_000,
            per: Duration::from_secs(60),
        },
        burst: 100,
        algorithm,
        on_store_failure: OnStoreFailure::Local,
    }
}

fn subject_and_key(client: IpAddr) -> impl FnMut() -> Option<String> {
    let limit = limit(Algorithm::Gcra);
    move || {
        let subject = limit.subject(black_box(client), &Identity::Anonymous)?;
        Some(redis_key(&limit.name, &subject))
    }
}

fn local(algorithm: Algorithm, key: String) -> impl FnMut() -> Decision {
    let (counters, limit, mut now) = (LocalCounters::new(100_000), limit(algorithm), Instant::now());
    move || {
        now += STEP;
        counters.hit(&limit, &key, now)
    }
}

fn denied(key: String) -> impl FnMut() -> Option<Decision> {
    let (denied, now) = (Denied::new(100_000), Instant::now());
    move || denied.check(&key, now)
}

fn reply() -> impl FnMut() -> Decision {
    let limit = limit(Algorithm::Gcra);
    move || limit.decide(black_box([0, 600]))
}

fn fields() -> impl FnMut() -> usize {
    let (limit, passed) = (limit(Algorithm::Gcra), limit(Algorithm::Gcra).decide([0, 600]));
    move || headers(&[(&limit, black_box(passed))]).len()
}
