//! Each mistake gets its code, its place and a cure.

use super::*;
use crate::schedule::Pace;
use proptest::prelude::*;

/// A small valid file; line numbers in the tests are those of this text.
const VALID: &str = r#"version: 1
description: Reads the feed.
system: { platform: { data: { users: 20, posts: 200 } } }
load: { rate: 50/s, duration: 10s, warmup: 1s, clients: 8 }
client:
  variables: { cursor: null }
  steps:
    - post: /api/auth/login
      json: { email: "{{row users.email}}", password: "{{row users.password}}" }
      capture: { token: /token }
journeys:
  feed:
    weight: 7
    steps:
      - name: page
        post: /graphql
        headers: { authorization: "Bearer {{token}}" }
        json: { query: "{ a { b }}", variables: { after: "{{cursor}}", limit: 10 } }
        expect: { count: { /data/posts: 10 }, unique: /data/posts/*/id }
        capture: { cursor: /data/end }
      - think: 1s..3s
      - { name: post, post: /x, body: "{{nonce}}", publishes: watchers, expect: { nonce: body } }
streams:
  watchers: { count: 5, sse: "/sse/{{row posts.id}}", event: added }
actions:
  - { at: 2s, kill: posts }
thresholds: { errors: 0, feed.page.p99: "< 50ms" }
"#;

fn env(name: &str) -> Option<String> {
    (name == "RATE").then(|| "70/s".to_owned())
}

fn read(text: &str) -> Result<Scenario, Vec<String>> {
    Scenario::parse(text, Path::new("bench/scenarios/feed-read.yaml"), &env)
        .map_err(|all| all.iter().map(ToString::to_string).collect())
}

fn with(from: &str, to: &str) -> Vec<String> {
    assert!(VALID.contains(from), "{from}");
    read(&VALID.replacen(from, to, 1)).err().unwrap_or_default()
}

#[test]
fn the_base_is_valid_and_says_what_it_says() {
    let scenario = read(VALID).unwrap();
    assert_eq!(scenario.name, "feed-read");
    assert_eq!(scenario.step_names(), ["feed.page", "feed.post"]);
    let plan = scenario.plan(&Overrides::default());
    assert_eq!(
        (plan.pace, plan.clients),
        (Pace::constant(50.0, std::time::Duration::from_secs(10)), 8)
    );
    assert_eq!(scenario.actions[0].does.to_string(), "kill posts");
}

#[test]
fn variables_of_the_environment_stand_in_values() {
    let scenario = read(&VALID.replace("rate: 50/s", "rate: \"${RATE:-1/s}\"")).unwrap();
    assert_eq!(scenario.plan(&Overrides::default()).pace.final_rate(), Some(70.0));
}

#[test]
fn each_mistake_has_its_place_and_cure() {
    let cases = [
        (
            "version: 1",
            "version: 2",
            "E110 feed-read.yaml:1:10 version: `2` is not known; this generator reads version 1",
        ),
        (
            "Reads the feed.",
            "\"\"",
            "E110 feed-read.yaml:2:14 description: empty; say in one sentence what is measured",
        ),
        (
            "weight: 7",
            "wieght: 7",
            "E101 feed-read.yaml:13:5 unknown key `wieght` in journeys.feed; did you mean `weight`?",
        ),
        (
            "weight: 7",
            "weight: 0",
            "E110 feed-read.yaml:13:13 journeys.feed.weight: 0 is never chosen; leave the journey out",
        ),
        (
            "rate: 50/s",
            "rate: 50",
            "E110 feed-read.yaml:4:15 load.rate: `50` has no unit; write `50/s`",
        ),
        (
            "rate: 50/s",
            "rate: 50/x",
            "E110 feed-read.yaml:4:15 load.rate: `50/x` is not a rate; write it like `500/s`, `90/m` or `max`",
        ),
        (
            "duration: 10s",
            "duration: 10",
            "E110 feed-read.yaml:4:31 load.duration: `10` has no unit; write `10s` or `10ms`",
        ),
        (
            ", clients: 8",
            "",
            "E103 feed-read.yaml:4:1 load: key `clients` is missing; add it: `clients: …`",
        ),
        (
            "duration: 10s, ",
            "",
            "E130 feed-read.yaml:4:7 load: says no `duration`; give one like `30s`",
        ),
        (
            "clients: 8",
            "clients: 0",
            "E130 feed-read.yaml:4:57 load.clients: 0 do nothing; give at least 1",
        ),
        (
            "think: 1s..3s",
            "think: 2s",
            "E110 feed-read.yaml:21:16 journeys.feed.steps.1.think: `2s` is one time; thinking takes a range, like `1000ms..3000ms`",
        ),
        (
            "think: 1s..3s",
            "think: 3s..1s",
            "E110 feed-read.yaml:21:16 journeys.feed.steps.1.think: `3s..1s` begins after its end",
        ),
        (
            "think: 1s..3s",
            "think: 1s..3s\n        get: /",
            "E110 feed-read.yaml:21:9 journeys.feed.steps.1: has both `think` and `get`; a step does one thing",
        ),
        (
            "think: 1s..3s",
            "name: pause",
            "E110 feed-read.yaml:21:9 journeys.feed.steps.1: says nothing to do; give one of `get`, `head`, `post`, `put`, `patch`, `delete`, `options`, `sse`, `websocket`, `socketio`, `think`, `set`",
        ),
        (
            "think: 1s..3s",
            "{ think: 1s..3s, name: x }",
            "E110 feed-read.yaml:21:9 journeys.feed.steps.1: `name` does nothing beside `think`; take it out",
        ),
        (
            "- name: page",
            "-",
            "E103 feed-read.yaml:16:9 journeys.feed.steps.0: key `name` is missing; a journey of several steps names each",
        ),
        (
            "{ name: post,",
            "{ name: page,",
            "E110 feed-read.yaml:22:9 journeys.feed.steps.2: name: `page` is here twice",
        ),
        (
            "post: /graphql",
            "post: graphql",
            "E110 feed-read.yaml:15:9 journeys.feed.steps.0: `graphql…` is not a path; it begins with a `/`",
        ),
        (
            "{{token}}",
            "{{tokn}}",
            "E201 feed-read.yaml:15:9 journeys.feed.steps.0: nothing sets `tokn`; capture it, or give it under `client.variables`; did you mean `token`?",
        ),
        (
            "{{token}}",
            "{{token",
            "E110 feed-read.yaml:17:35 journeys.feed.steps.0.headers.authorization: `{{token` is not closed with `}}`",
        ),
        (
            "{{cursor}}",
            "{{randon 1 5}}",
            "E110 feed-read.yaml:18:58 journeys.feed.steps.0.json.variables.after: `randon` is not a function; there are nonce, client, iteration, random, zipf, pick, row, other, ip; did you mean `random`?",
        ),
        (
            "{{row users.email}}",
            "{{row user.email}}",
            "E201 feed-read.yaml:8:7 client.steps.0: `user.email`: this system has users, posts, sessions; did you mean `users`?",
        ),
        (
            "{{row users.email}}",
            "{{row users.mail}}",
            "E201 feed-read.yaml:8:7 client.steps.0: `users.mail`: users have id, username, email, password; did you mean `email`?",
        ),
        (
            "{{row users.email}}",
            "{{row sessions.token}}",
            "E201 feed-read.yaml:8:7 client.steps.0: `sessions.token`: there are no sessions; give `system.platform.data.sessions`",
        ),
        (
            "authorization:",
            "\"bad header\":",
            "E110 feed-read.yaml:17:34 journeys.feed.steps.0.headers.bad header: not a header's name",
        ),
        (
            "body: \"{{nonce}}\", publishes",
            "multipart: { image: { file: png, size: 2KiB, sha256: a-b } }, publishes",
            "E110 feed-read.yaml:22:46 journeys.feed.steps.2.multipart.image: sha256: `a-b` is not a name; it is the variable that gets the file's hash",
        ),
        (
            "nonce: body }",
            "sha256: abc }",
            "E110 feed-read.yaml:22:91 journeys.feed.steps.2.expect.sha256: `abc` is not a SHA-256; write 64 hexadecimal digits, or `{{name}}` for what a file's `sha256: name` keeps",
        ),
        (
            "nonce: body }",
            "sha256: \"{{picture}}\" }",
            "E201 feed-read.yaml:22:9 journeys.feed.steps.2: nothing sets `picture`; capture it, or give it under `client.variables`",
        ),
        (
            "/data/posts: 10 }",
            "data/posts: 10 }",
            "E110 feed-read.yaml:19:28 journeys.feed.steps.0.expect.count.data/posts: `data/posts` is not a place in JSON; write `/data/posts` (RFC 6901, and `*` for every item)",
        ),
        (
            "unique: /data/posts/*/id",
            "unique: /data/posts",
            "E110 feed-read.yaml:15:9 journeys.feed.steps.0: expect.unique: `/data/posts` is one place; write it like `/posts/*/id`",
        ),
        (
            "/data/end",
            "data/end",
            "E110 feed-read.yaml:20:28 journeys.feed.steps.0.capture.cursor: `data/end`: write a place like `/data/id`, `header NAME`, `cookie NAME` or `body`",
        ),
        (
            "body: \"{{nonce}}\", publishes",
            "publishes",
            "E110 feed-read.yaml:22:9 journeys.feed.steps.2: publishes: nothing of it would be recognised; put `{{nonce}}` into what is sent",
        ),
        (
            "publishes: watchers",
            "publishes: watcher",
            "E201 feed-read.yaml:22:9 journeys.feed.steps.2: publishes: `watcher` is not defined in streams; did you mean `watchers`?",
        ),
        (
            "count: 5, sse:",
            "count: 0, sse:",
            "E110 feed-read.yaml:24:3 streams.watchers: count: 0 subscriptions hear nothing; give at least 1",
        ),
        (
            "count: 5, sse:",
            "count: 5, websocket: /ws, sse:",
            "E110 feed-read.yaml:24:3 streams.watchers: a WebSocket's messages have no name; take `event` out",
        ),
        (
            "at: 2s",
            "at: 2m",
            "E110 feed-read.yaml:26:5 actions.0: at: the run is over after 10s",
        ),
        (
            "kill: posts",
            "kill: posts, run: ls",
            "E110 feed-read.yaml:26:5 actions.0: needs exactly one of `kill`, `start`, `stop`, `resume`, `delay`, `signal`, `run`",
        ),
        (
            "feed.page.p99",
            "feed.pag.p99",
            "E201 feed-read.yaml:27:40 thresholds.feed.pag.p99: there is no step `feed.pag`; there are: feed.page, feed.post; did you mean `feed.page`?",
        ),
        (
            "< 50ms",
            "< 50",
            "E110 feed-read.yaml:27:41 thresholds.feed.page.p99: `< 50` does not bound feed.page.p99; write it like `< 50ms`",
        ),
        (
            "{ platform: { data: { users: 20, posts: 200 } } }",
            "nowhere",
            "E110 feed-read.yaml:3:9 system: `nowhere` is not one of `external`; write that",
        ),
    ];
    let told = |(from, to, want): &(&str, &str, &str)| {
        let told = with(from, to);
        (told.first().map(String::as_str) != Some(want)).then(|| format!("{from} → {to}: {told:#?}"))
    };
    let wrong: Vec<_> = cases.iter().filter_map(told).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_nonce_may_be_read_back_by_a_later_step_and_by_no_earlier_one() {
    let (sends, reads) = (
        "{ name: write, post: /x, body: \"{{nonce}}\" }",
        "{ name: see, get: /x, expect: { nonce: body } }",
    );
    let told = |one: &str, other: &str| with("think: 1s..3s", &format!("{one}\n      - {other}"));
    assert_eq!(told(sends, reads), Vec::<String>::new());
    assert_eq!(
        told(reads, sends),
        [
            "E110 feed-read.yaml:21:9 journeys.feed.steps.1: expect.nonce: nothing is sent that could come back; put `{{nonce}}` into \
             the request, or into an earlier one"
        ]
    );
}

#[test]
fn another_row_needs_two() {
    let text = VALID.replace("{{row users.email}}", "{{other users.email}}");
    assert_eq!(read(&text).err(), None);
    let told = read(&text.replace("users: 20", "users: 1")).unwrap_err();
    assert_eq!(
        told,
        [
            "E201 feed-read.yaml:8:7 client.steps.0: `users.email`: too few users for another one than the client's own; \
             give 2 at least in `system.platform.data.users`"
        ]
    );
}

#[test]
fn journeys_must_be_there_and_do_something() {
    let begin = &VALID[..VALID.find("journeys:").unwrap()];
    let told = |journeys: &str| read(&format!("{begin}{journeys}")).unwrap_err();
    assert_eq!(
        told("journeys: {}"),
        ["E110 feed-read.yaml:11:11 journeys: none; name at least one"]
    );
    assert_eq!(
        told(""),
        ["E103 feed-read.yaml:1:1 key `journeys` is missing; add it: `journeys: …`"]
    );
    let idle = told("journeys: { idle: { steps: [{ think: 1s..2s }] } }");
    assert!(
        idle[0].contains("none that asks for anything; give at least one, like `- get: /`"),
        "{idle:?}"
    );
}

#[test]
fn an_empty_file_is_told_what_it_lacks() {
    for empty in ["", "{}", "version: 1\n"] {
        let told = read(empty).unwrap_err();
        assert!(!told.is_empty(), "{empty:?}");
        assert!(told.iter().all(|line| line.contains("feed-read.yaml")), "{told:#?}");
    }
    let told = read("version: 1\n").unwrap_err().join("\n");
    for key in ["description", "system", "load", "journeys"] {
        assert!(told.contains(&format!("key `{key}` is missing")), "{key}: {told}");
    }
}

#[test]
fn every_mistake_comes_at_once() {
    let text = VALID
        .replace("50/s", "50")
        .replace("weight: 7", "weight: 0")
        .replace("at: 2s", "at: 2");
    let told = read(&text).unwrap_err();
    assert_eq!(told.len(), 3, "{told:#?}");
}

#[test]
fn other_files_are_found_beside_the_scenario() {
    let text = VALID.replace(
        "{ platform: { data: { users: 20, posts: 200 } } }",
        "{ platform: { edge: edges/x.yaml, data: { users: 1, posts: 1 } } }",
    );
    assert_eq!(
        read(&text).unwrap().system.edge().unwrap(),
        Path::new("bench/scenarios/edges/x.yaml")
    );
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("feed.yaml");
    std::fs::write(&file, &text).unwrap();
    let told = Scenario::load(&file, &env).unwrap_err();
    assert!(
        told[0].message.starts_with("system: edge: there is no file"),
        "{told:?}"
    );
}

proptest! {
    /// Law: a file is read or told what is wrong with it; it never crashes the generator.
    #[test]
    fn damaged_files_are_read_or_explained(
        cuts in prop::collection::vec((0usize..1300, 0usize..12, "[ a-z:{}\\[\\],\"$0-9\n/*]{0,4}"), 1..5),
    ) {
        let mut text = VALID.to_owned();
        for (start, length, with) in cuts {
            let start = start.min(text.len());
            let end = (start + length).min(text.len());
            text.replace_range(start..end, &with);
        }
        if let Err(told) = read(&text) {
            prop_assert!(!told.is_empty());
        }
    }
}
