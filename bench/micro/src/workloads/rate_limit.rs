//! Quotas as counted in memory, the meaning of the store's reply, and the fields that tell of them.

use crate::Workload;
use edge_policy::rate_limit::{
    Algorithm, Decision, Denied, Facts, Gcra, KeyBy, Keys, Limit, LocalCounters, OnMissing, OnStoreFailure, Part, Rate,
    Window, headers,
};
use http::{HeaderMap, HeaderValue, Method};
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
    let key = key_of(client, &["client_ip"])().expect("a key");

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
        Workload::new("rate_limit::key of an address", key_of(client, &["client_ip"])),
        Workload::new(
            "rate_limit::key of address and route",
            key_of(client, &["client_ip", "route"]),
        ),
        Workload::new("rate_limit::key of a header", key_of(client, &["header.x-api-key"])),
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
        key: Part::ClientIp.into(),
        when: None,
        cost: 1,
        rate: Rate {
            count: 1_000_000,
            per: Duration::from_secs(60),
        },
        burst: 100,
        algorithm,
        on_store_failure: OnStoreFailure::Local,
    }
}

fn key_of(client: IpAddr, parts: &[&str]) -> impl FnMut() -> Option<String> {
    let by = KeyBy {
        parts: parts.iter().map(|part| part.parse().expect("a part")).collect(),
        on_missing: OnMissing::Skip,
    };
    let keys = Keys::new(&by, "user", false, "posts");
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_static("4f9d1c2e8a7b6f5d3c2b1a09"));
    move || {
        let facts = Facts {
            client: black_box(client),
            token: None,
            method: &Method::GET,
            headers: &headers,
        };
        keys.of(&facts).ok()
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
    move || denied.check(&key, 1, now)
}

fn reply() -> impl FnMut() -> Decision {
    let limit = limit(Algorithm::Gcra);
    move || limit.decide(black_box([0, 600]))
}

fn fields() -> impl FnMut() -> usize {
    let (limit, passed) = (limit(Algorithm::Gcra), limit(Algorithm::Gcra).decide([0, 600]));
    move || headers(&mut [(&limit, black_box(passed))]).len()
}
