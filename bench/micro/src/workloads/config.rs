//! Reading a configuration: a small one, and one four times as large, which should cost four times as much.

use crate::Workload;
use edge_config::Config;
use std::{fmt::Write as _, hint::black_box, path::Path};

pub(super) fn workloads() -> Vec<Workload> {
    let read = |routes: usize| {
        let text = file(routes);
        move || {
            let read = Config::parse(black_box(&text), Path::new("edge.yaml"), &|_| None);
            read.expect("a configuration")
        }
    };
    vec![
        Workload::heavy("config::read::50 routes", read(50)),
        Workload::heavy("config::read::200 routes", read(200)),
    ]
}

/// As many routes, and a quarter as many upstreams.
fn file(routes: usize) -> String {
    let mut text = String::from(HEAD);
    let upstreams = routes / 4;
    for index in 0..upstreams {
        let port = 3_000 + index;
        let line =
            format!("  service-{index}: {{ targets: [\"10.0.0.1:{port}\"], health_check: {{ path: /health }} }}");
        writeln!(text, "{line}").expect("a text");
    }
    text.push_str("routes:\n");
    for index in 0..routes {
        let upstream = index % upstreams;
        let rule = format!("{{ path: \"/things-{index}/{{id}}\", methods: [GET, POST] }}");
        writeln!(
            text,
            "  route-{index}: {{ match: {rule}, upstream: service-{upstream} }}"
        )
        .expect("a text");
    }
    text
}

const HEAD: &str = r#"version: 1
admin: { bind: "127.0.0.1:9901" }
listeners: { http: { bind: "0.0.0.0:8080" } }
redis: { url: "redis://127.0.0.1:6379" }
defaults: { timeouts: { connect: 1s, request: 15s }, rate_limits: [few], max_body: 1MiB, cors: web }
cors: { web: { allow_origins: ["https://feed.example"] } }
rate_limits: { few: { key: client_ip, rate: 100/15m } }
upstreams:
"#;
