//! Reading a configuration and building its table of routes: a small one, one four times as large, which should cost four
//! times as much, and one as large as they come.

use crate::Workload;
use edge_config::Config;
use edge_policy::route::RouteTable;
use std::{fmt::Write as _, hint::black_box, path::Path};

pub(super) fn workloads() -> Vec<Workload> {
    let build = |routes: usize| {
        let text = file(routes);
        move || {
            let read = Config::parse(black_box(&text), Path::new("edge.yaml"), &|_| None);
            let config = read.expect("a configuration").config;
            let rules = config.routes.iter().map(|(name, route)| {
                let rule = route.matches.to_rule();
                (rule.expect("a rule"), name.clone())
            });
            RouteTable::new(rules)
        }
    };
    vec![
        Workload::heavy("config::build::50 routes", build(50)),
        Workload::heavy("config::build::200 routes", build(200)),
        Workload::once("config::build::2,000 routes", build(2_000)),
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
