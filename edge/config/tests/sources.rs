//! Where values come from, and what differs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edge_config::{Change, Config, Effect, Loaded, Origin, diff};
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;

const FILE: &str = r#"version: 1
admin: { bind: "${ADMIN:-127.0.0.1:9901}" }
listeners: { http: { bind: "0.0.0.0:8080" } }
redis: { url: "redis://:${PASSWORD}@h:6379/0" }
defaults:
  timeouts: { connect: 2s }
  rate_limits: [few]
rate_limits: { few: { key: client_ip, rate: 60/60s } }
upstreams:
  media: { targets: "a:1,b:2" }
  "v1.posts": { targets: [{ address: "c:3", weight: 2 }] }
routes:
  media:
    match: { path_prefix: /media }
    timeouts: { request: 120s }
    headers: { request: { set: { x-api-key: "${KEY}", x-plain: p } } }
    upstream: media
  posts: { match: { path: /posts }, upstream: v1.posts }
"#;

fn load(text: &str) -> Loaded {
    let env = |name: &str| match name {
        "PASSWORD" => Some("hunter2".to_owned()),
        "KEY" => Some("k1".to_owned()),
        _ => None,
    };
    Config::parse(text, Path::new("edge.yaml"), &env).unwrap_or_else(|all| panic!("{all:#?}"))
}

fn at(origin: Origin) -> (u32, u32) {
    match origin {
        Origin::File(at) | Origin::Defaults(at) => (at.line, at.column),
        Origin::BuiltIn => (0, 0),
    }
}

#[test]
fn every_value_says_where_it_comes_from() {
    let sources = load(FILE).sources;
    let cases = [
        (
            "routes.media.timeouts.connect",
            json!("2s"),
            "defaults, line 6",
            (6, 24),
        ),
        ("routes.media.timeouts.request", json!("2m"), "line 15", (15, 26)),
        ("routes.media.timeouts.idle", json!("1m"), "built in", (0, 0)),
        ("routes.media.max_body", json!("1MiB"), "built in", (0, 0)),
        ("routes.media.rate_limits", json!(["few"]), "defaults, line 7", (7, 16)),
        ("routes.posts.auth", json!("public"), "built in", (0, 0)),
        ("rate_limits.few.rate", json!("60/m"), "line 8", (8, 45)),
        ("rate_limits.few.burst", json!(60), "built in", (0, 0)),
        ("upstreams.media.targets.1.address", json!("b:2"), "line 10", (10, 21)),
        ("upstreams.v1.posts.targets.c:3.weight", json!(2), "line 11", (11, 53)),
        ("upstreams.v1.posts.targets.0.weight", json!(2), "line 11", (11, 53)),
        ("redis.url", json!("redis://(hidden)@h:6379/0"), "line 4", (4, 15)),
        (
            "routes.media.headers.request.set.x-api-key",
            json!("(hidden)"),
            "line 16",
            (16, 45),
        ),
        ("limits.connections", json!(16000), "built in", (0, 0)),
    ];
    for (path, value, origin, place) in cases {
        let source = sources.get(path).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(*source.value, value, "{path}");
        assert_eq!(source.origin.to_string(), origin, "{path}");
        assert_eq!(at(source.origin), place, "{path}");
    }
    for none in ["", "routes.nope", "routes.media.nope", "upstreams.media.targets.2", "x"] {
        assert!(none.is_empty() || sources.get(none).is_none(), "{none}");
    }
}

#[test]
fn variables_are_named() {
    let sources = load(FILE).sources;
    let variables = |path: &str| {
        let variables = sources.get(path).unwrap().variables.iter();
        variables.map(|one| (one.name.clone(), one.set)).collect::<Vec<_>>()
    };
    assert_eq!(variables("admin.bind"), [("ADMIN".to_owned(), false)]);
    assert_eq!(variables("redis.url"), [("PASSWORD".to_owned(), true)]);
    assert_eq!(variables("listeners.http.bind"), []);
}

#[test]
fn a_part_lists_all_its_values() {
    let sources = load(FILE).sources;
    let under: Vec<_> = sources
        .under("routes.posts")
        .into_iter()
        .map(|(path, source)| (path, source.origin))
        .collect();
    assert!(under.iter().any(|(path, _)| path == "routes.posts.retries.attempts"));
    assert!(under.iter().all(|(path, _)| sources.get(path).is_some()), "{under:#?}");
    assert!(sources.under("").len() > 60);
    assert!(sources.under("nope").is_empty());
    let place = sources.place("routes.posts.graphql");
    assert_eq!((place.line, place.column), (18, 10), "the nearest part that is there");
}

#[test]
fn what_is_shown_is_no_secret_and_a_file_itself() {
    let Loaded { config, sources, .. } = load(FILE);
    let shown = sources.effective().to_string();
    assert!(!shown.contains("hunter2") && !shown.contains("k1"), "{shown}");
    assert!(!format!("{config:?}").contains("hunter2"));
    let text = shown.replace("(hidden)@", ":hunter2@").replace("(hidden)", "k1");
    let again = load(&text).config;
    assert_eq!(again.effective(), config.effective());
    assert_eq!(diff(&config, &again), []);
}

/// The changes as text, of the file with parts replaced.
fn changes(replace: &[(&str, &str)]) -> Vec<String> {
    let changed = replace.iter().fold(FILE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    diff(&load(FILE).config, &load(&changed).config)
        .iter()
        .map(Change::to_string)
        .collect()
}

#[test]
fn differences_are_told_key_by_key() {
    assert_eq!(changes(&[]), [""; 0]);
    assert_eq!(
        changes(&[("120s", "2m"), ("60/60s", "60/m, burst: 60")]),
        [""; 0],
        "another spelling is no change"
    );
    assert_eq!(
        changes(&[("connect: 2s", "connect: 1s")]),
        [
            "~ routes.media.timeouts.connect: 2s -> 1s (live)",
            "~ routes.posts.timeouts.connect: 2s -> 1s (live)"
        ]
    );
    assert_eq!(
        changes(&[("a:1,b:2", "b:2,d:4")]),
        [
            "- upstreams.media.targets.a:1: {\"address\":\"a:1\",\"weight\":1,\"labels\":{}} (live)",
            "+ upstreams.media.targets.d:4: {\"address\":\"d:4\",\"weight\":1,\"labels\":{}} (live)"
        ]
    );
    assert_eq!(
        changes(&[("0.0.0.0:8080", "0.0.0.0:80"), ("weight: 2", "weight: 3")]),
        [
            "~ listeners.http.bind: 0.0.0.0:8080 -> 0.0.0.0:80 (needs upgrade)",
            "~ upstreams.v1.posts.targets.c:3.weight: 2 -> 3 (live)"
        ]
    );
    let added = changes(&[(
        "  posts: {",
        "  more: { match: { path: /more }, upstream: media }\n  posts: {",
    )]);
    assert_eq!(added.len(), 1, "{added:#?}");
    assert!(added[0].starts_with("+ routes.more: {"), "{added:#?}");
}

#[test]
fn a_changed_secret_is_told_and_not_shown() {
    let hidden = changes(&[("${PASSWORD}", "other"), ("${KEY}", "k2")]);
    assert_eq!(
        hidden,
        [
            "~ redis.url: changed, not shown (needs upgrade)",
            "~ routes.media.headers.request.set.x-api-key: changed, not shown (live)"
        ]
    );
    assert_eq!(Effect::of("limits.connections"), Effect::NeedsUpgrade);
    assert_eq!(Effect::of("limits.header_timeout"), Effect::Live);
}

proptest! {
    /// Law: no path makes a look-up fail otherwise than by `None`.
    #[test]
    fn any_path_can_be_asked_for(path in "([a-z_0-9:.]{0,8}\\.){0,5}[a-z.é]{0,8}") {
        let sources = load(FILE).sources;
        let _ = (sources.get(&path), sources.place(&path));
        prop_assert_eq!(sources.under(&path).is_empty(), sources.get(&path).is_none());
    }
}
