//! Each mistake gets its code, its place and a cure; and all of them come at once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use edge_config::Config;
use proptest::prelude::*;
use std::path::Path;

/// A small valid file; line numbers in the tests are those of this text.
const VALID: &str = r#"version: 1
admin: { bind: "127.0.0.1:9901" }
listeners: { http: { bind: "0.0.0.0:8080" } }
redis: { url: "redis://127.0.0.1:6379" }
defaults:
  timeouts: { connect: 1s, request: 15s }
jwt:
  users:
    issuer: a
    audience: b
    algorithms: [EdDSA]
    token_from: [{ bearer: true }]
    jwks: { upstream: auth, path: /jwks, refresh: 10m }
rate_limits:
  few: { key: client_ip, rate: 5/m }
upstreams:
  auth: { targets: ["127.0.0.1:3001"] }
  comments: { targets: [{ address: "127.0.0.1:3004", weight: 2 }] }
routes:
  auth: { match: { path_prefix: /api/auth }, upstream: auth }
  feed: { match: { path: /feed, methods: [GET] }, rate_limits: [few], upstream: comments }
"#;

fn env(name: &str) -> Option<String> {
    (name == "WEIGHT").then(|| "3".to_owned())
}

fn told(text: &str) -> Vec<String> {
    match Config::parse(text, Path::new("conf/edge.yaml"), &env) {
        Ok(_) => Vec::new(),
        Err(all) => all.iter().map(ToString::to_string).collect(),
    }
}

/// The diagnostics of the valid file with one part replaced.
fn with(from: &str, to: &str) -> Vec<String> {
    assert!(VALID.contains(from), "{from}");
    told(&VALID.replacen(from, to, 1))
}

#[test]
fn the_base_is_valid() {
    assert_eq!(told(VALID), [""; 0]);
}

#[test]
fn each_mistake_has_its_code_place_and_cure() {
    let cases = [
        (
            "upstream: auth }",
            "upsteam: auth }",
            "E101 edge.yaml:20:46 unknown key `upsteam` in routes.auth; did you mean `upstream`?",
        ),
        (
            "version: 1",
            "version: 1\nsurprise: 2",
            "E101 edge.yaml:2:1 unknown key `surprise`; keys here are `version`, `admin`, `listeners`, `trusted_proxies`, `trusted_header`, `limits`, `cache`, `drain`, `redis`, `defaults`, `cors`, `jwt`, `rate_limits`, `circuit_breakers`, `upstreams`, `routes`",
        ),
        (
            "  few:",
            "  few: { key: client_ip, rate: 5/m }\n  few:",
            "E102 edge.yaml:16:3 key `few` is here twice; the first is on line 15: keep one",
        ),
        (
            "issuer: a\n    ",
            "",
            "E103 edge.yaml:8:3 jwt.users: key `issuer` is missing; add it: `issuer: …`",
        ),
        (
            "[GET]",
            "GET",
            "E104 edge.yaml:21:42 routes.feed.match.methods: `GET` stands where a list is wanted; write `[GET]`",
        ),
        (
            "request: 15s",
            "request: 15",
            "E110 edge.yaml:6:37 defaults.timeouts.request: `15` has no unit; write `15s` or `15ms`",
        ),
        (
            "5/m",
            "5",
            "E110 edge.yaml:15:32 rate_limits.few.rate: `5` has no unit; write `5/m` or `5/s`",
        ),
        (
            "client_ip",
            "clientip",
            "E110 edge.yaml:15:15 rate_limits.few.key: `clientip` is no part of a request; write `client_ip`",
        ),
        (
            "weight: 2",
            "weight: 200",
            "E110 edge.yaml:18:62 upstreams.comments.targets.0.weight: weight `200` is not between 1 and 100; for no traffic take the target out",
        ),
        (
            "0.0.0.0:8080",
            "${NOWHERE}",
            "E120 edge.yaml:3:28 `NOWHERE` is not set; set it, or write `${NOWHERE:-default}`",
        ),
        (
            "0.0.0.0:8080",
            "${NOWHERE:?say where}",
            "E120 edge.yaml:3:28 `NOWHERE` is not set: say where",
        ),
        (
            "upstream: comments",
            "upstream: comment",
            "E201 edge.yaml:21:81 routes.feed.upstream: `comment` is not defined in upstreams; did you mean `comments` (line 18)?",
        ),
        (
            "[few]",
            "[few, fewer]",
            "E201 edge.yaml:21:70 routes.feed.rate_limits.1: `fewer` is not defined in rate_limits; define it there, or use one of `few`",
        ),
        (
            "  feed:",
            "  feed2: { match: { path: /feed }, upstream: auth }\n  feed:",
            "E301 edge.yaml:22:3 route `feed` can never win: `feed2` (line 21) takes the same path `/feed`; take one out, or part them by `methods` or `host`",
        ),
        (
            "  feed:",
            "  feed2: { match: { path: /feed, methods: [HEAD] }, upstream: auth }\n  feed:",
            "E301 edge.yaml:22:3 route `feed` loses some of its requests: `feed2` (line 21) takes the same path `/feed`; take one out, or part them by `methods` or `host`",
        ),
        (
            "path: /feed",
            "path: /feed, path_prefix: /x",
            "E130 edge.yaml:21:18 routes.feed.match: needs exactly one of `path`, `paths` and `path_prefix`; write one",
        ),
        (
            "path: /feed",
            "path: /feed/../x",
            "E110 edge.yaml:21:26 routes.feed.match.path: `/feed/../x` is not a path in normal form: the path holds an empty or a dot segment; write `/feed/x`",
        ),
    ];
    for (from, to, want) in cases {
        assert_eq!(with(from, to), [want], "{from} → {to}");
    }
}

#[test]
fn every_mistake_comes_at_once_in_the_order_of_the_file() {
    let text = VALID
        .replace("version: 1", "version: 2")
        .replace("0.0.0.0:8080", "${NOWHERE}")
        .replace("request: 15s", "request: 15")
        .replace("jwks: { upstream: auth,", "jwks: { upstream: aut,")
        .replace("address: \"127.0.0.1:3004\"", "address: \"127.0.0.1\"")
        .replace("[GET]", "[get]");
    let told = told(&text);
    let heads: Vec<_> = told
        .iter()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let want = [
        "E110 edge.yaml:1:10",
        "E120 edge.yaml:3:28",
        "E110 edge.yaml:6:37",
        "E201 edge.yaml:13:23",
        "E110 edge.yaml:18:36",
        "E110 edge.yaml:21:43",
    ];
    assert_eq!(heads, want, "{told:#?}");
}

#[test]
fn a_part_refused_for_itself_is_no_dangling_name() {
    let told = with("targets: [\"127.0.0.1:3001\"]", "targets: 7");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].starts_with("E104 edge.yaml:17:20"), "{told:#?}");
}

#[test]
fn broken_yaml_says_where() {
    let told = told("version: 1\nadmin: { bind: \"x\"\nlisteners: [");
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("E100 edge.yaml:"), "{told:#?}");
    assert!(!told[0].starts_with("E100 edge.yaml:0"), "{told:#?}");
    let missing = Config::load(Path::new("/nowhere/edge.yaml"), &env).unwrap_err();
    assert!(
        missing[0]
            .to_string()
            .starts_with("E100 edge.yaml:0:0 /nowhere/edge.yaml cannot be read")
    );
}

#[test]
fn a_variable_stands_for_a_number_but_cannot_add_lines() {
    assert_eq!(with("weight: 2", "weight: \"${WEIGHT}\""), [""; 0]);
    let injected = VALID.replace("127.0.0.1:9901", "${EVIL}");
    let env = |_: &str| Some("127.0.0.1:9901\" }\nsurprise: true".to_owned());
    let told = Config::parse(&injected, Path::new("edge.yaml"), &env).unwrap_err();
    assert!(told[0].to_string().starts_with("E110 edge.yaml:2:16"), "{told:?}");
}

#[test]
fn a_file_of_mistakes_is_told_of_the_first_ones() {
    let many = |line: &dyn Fn(usize) -> String| {
        let lines: String = (0..500).map(line).collect();
        VALID.replace("  auth: { targets", &format!("{lines}  auth: {{ targets"))
    };
    let told = told(&many(&|n| format!("  u{n}: {{ targets: 7, tagrets: 8 }}\n")));
    assert_eq!(told.len(), 201);
    assert_eq!(
        told[200],
        "E109 edge.yaml:0:0 there are more than 200 errors; put these right, then check again"
    );
    // Warnings, however many, do not make a file unusable.
    let unused = many(&|n| format!("  u{n}: {{ targets: [\"h:{}\"] }}\n", n + 1));
    let loaded = Config::parse(&unused, Path::new("edge.yaml"), &env).unwrap();
    assert_eq!(loaded.warnings.len(), 201);
    assert_eq!(loaded.warnings[200].code, "W499");
}

#[test]
fn passwords_are_not_repeated() {
    let told = with("redis://127.0.0.1:6379", "http://:secret@h").join("\n");
    assert!(told.starts_with("E110 edge.yaml:4:15"), "{told}");
    assert!(!told.contains("secret"));
    let config = Config::parse(&VALID.replace("redis://", "redis://:secret@"), Path::new("e"), &env)
        .unwrap()
        .config;
    assert!(!format!("{config:?}").contains("secret"));
}

#[test]
fn all_missing_sections_are_named() {
    let told = told("version: 1\nadmin: { bind: \"127.0.0.1:1\" }\n");
    let missing = ["listeners", "redis", "routes", "upstreams"];
    assert_eq!(told.len(), missing.len(), "{told:#?}");
    for section in missing {
        assert!(
            told.iter()
                .any(|line| line.contains(&format!("key `{section}` is missing"))),
            "{section}: {told:#?}"
        );
    }
}

proptest! {
    /// Law: a file is read or told what is wrong with it; it never crashes the edge.
    #[test]
    fn damaged_files_are_read_or_explained(
        cuts in prop::collection::vec((0usize..1200, 0usize..12, "[ a-z:{}\\[\\],\"$0-9\n]{0,4}"), 1..5),
    ) {
        let mut text = VALID.to_owned();
        for (start, length, with) in cuts {
            let start = start.min(text.len());
            let end = (start + length).min(text.len());
            text.replace_range(start..end, &with);
        }
        if let Err(all) = Config::parse(&text, Path::new("edge.yaml"), &env) {
            prop_assert!(!all.is_empty());
            prop_assert!(all.iter().any(edge_config::Diagnostic::is_error));
            prop_assert!(all.iter().all(|one| !one.message.is_empty()));
        }
    }
}
