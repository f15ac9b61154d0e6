//! A file of thousands of routes is read in time that grows as the file does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edge_config::{Config, diff};
use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

/// As many routes, and a quarter as many upstreams.
fn file(routes: usize) -> String {
    let mut text = String::from(
        r#"version: 1
admin: { bind: "127.0.0.1:9901" }
listeners: { http: { bind: "0.0.0.0:8080" } }
redis: { url: "redis://127.0.0.1:6379" }
defaults: { timeouts: { connect: 1s, request: 15s }, rate_limits: [few], max_body: 1MiB }
rate_limits: { few: { key: client_ip, rate: 100/15m } }
upstreams:
"#,
    );
    let upstreams = routes / 4;
    for index in 0..upstreams {
        writeln!(
            text,
            "  service-{index}: {{ targets: [\"10.0.0.1:{}\"] }}",
            3_000 + index
        )
        .unwrap();
    }
    text.push_str("routes:\n");
    for index in 0..routes {
        let upstream = index % upstreams;
        let rule = format!("{{ path: \"/things-{index}/{{id}}\", methods: [GET, POST] }}");
        writeln!(
            text,
            "  route-{index}: {{ match: {rule}, upstream: service-{upstream} }}"
        )
        .unwrap();
    }
    text
}

fn read(text: &str) -> Result<Config, usize> {
    let read = Config::parse(text, Path::new("edge.yaml"), &|_| None);
    read.map(|loaded| loaded.config).map_err(|told| told.len())
}

/// The shortest of a few runs: what else the machine does makes them longer only.
fn time(mut work: impl FnMut()) -> Duration {
    let mut once = || {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap()
}

/// Four times the file may take some more than four times as long; sixteen would be every route against every other.
#[track_caller]
fn grows_with_the_file(work: impl Fn(&str)) {
    let (small, large) = (file(300), file(1_200));
    let (small, large) = (time(|| work(&small)), time(|| work(&large)));
    assert!(large < small * 10, "{small:?}, {large:?}");
}

#[test]
fn reading_grows_with_the_file() {
    assert_eq!(read(&file(300)).unwrap().routes.len(), 300);
    grows_with_the_file(|text| assert!(read(text).is_ok()));
}

#[test]
fn telling_mistakes_grows_with_the_file() {
    // A mistake in every twentieth route, of several kinds.
    let broken = |text: &str| {
        text.replace("things-3", "/things-3")
            .replace("things-7", "things-8")
            .replace("upstream: service-17 ", "upsteam: service-17 ")
            .replace("upstream: service-19 ", "upstream: servise-19 ")
    };
    assert!(read(&broken(&file(300))).is_err_and(|told| told > 20));
    grows_with_the_file(|text| assert!(read(&broken(text)).is_err()));
}

#[test]
fn comparing_grows_with_the_file() {
    let changed = |text: &str| read(&text.replace("connect: 1s", "connect: 2s")).unwrap();
    let (small, large) = (file(300), file(1_200));
    let configs = |text: &str| (read(text).unwrap(), changed(text));
    let (small, large) = (configs(&small), configs(&large));
    assert_eq!(diff(&small.0, &small.1).len(), 300);
    let (small, large) = (
        time(|| drop(diff(&small.0, &small.1))),
        time(|| drop(diff(&large.0, &large.1))),
    );
    assert!(large < small * 10, "{small:?}, {large:?}");
}
