//! Random configurations that are valid, with the services that they name.

use super::recorder::{Notebook, Recorder};
use edge_config::Config;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use shared_testkit::TestTokens;
use std::{fmt::Write, path::Path};

/// Names of upstreams.
const UPSTREAMS: [&str; 3] = ["red", "green", "blue"];
/// Of these paths are made: few, so that routes and requests meet.
pub(super) const SEGMENTS: [&str; 5] = ["a", "b", "c", "api", "x~y"];
/// Origins that a policy may allow.
pub(super) const ORIGINS: [&str; 2] = ["http://one.example", "https://two.example:8443"];
/// Hosts that a route may be for.
pub(super) const HOSTS: [&str; 2] = ["one.example", "api.two.example"];

/// A configuration and what belongs to it.
pub(super) struct World {
    pub(super) text: String,
    /// The patterns of its routes: requests are made to be near them.
    pub(super) patterns: Vec<String>,
    pub(super) notebook: Notebook,
    _services: Vec<Recorder>,
}

impl World {
    /// One that the edge accepts.
    pub(super) async fn random(random: &mut StdRng, tokens: &TestTokens) -> Self {
        let notebook = Notebook::default();
        let (mut services, mut upstreams) = (Vec::new(), String::new());
        for name in UPSTREAMS {
            let mut targets = Vec::new();
            for _ in 0..random.random_range(1..=2) {
                let service = Recorder::start(name, tokens.jwks(), &notebook).await;
                targets.push(format!("\"{}\"", service.address));
                services.push(service);
            }
            let sticky = match random.random_bool(0.4) {
                true => ", sticky: { cookie: bound, ttl: 1h }",
                false => "",
            };
            writeln!(upstreams, "  {name}: {{ targets: [{}]{sticky} }}", targets.join(", ")).unwrap();
        }
        // Routes may collide: then other ones are drawn.
        loop {
            let (text, patterns) = configuration(random, &upstreams);
            let env = |_: &str| None;
            if Config::parse(&text, Path::new("edge.yaml"), &env).is_ok() {
                return Self {
                    text,
                    patterns,
                    notebook,
                    _services: services,
                };
            }
        }
    }
}

fn pick<'t>(random: &mut StdRng, from: &[&'t str]) -> &'t str {
    from.choose(random).unwrap()
}

/// Some of these, maybe none.
fn some<'t>(random: &mut StdRng, from: &[&'t str], share: f64) -> Vec<&'t str> {
    from.iter().copied().filter(|_| random.random_bool(share)).collect()
}

fn configuration(random: &mut StdRng, upstreams: &str) -> (String, Vec<String>) {
    let proxies = pick(random, &["[]", "[127.0.0.0/8]", "[127.0.0.1/32, 10.0.0.0/8]"]);
    let limits = pick(random, &["{}", "{ max_header: 1KiB }"]);
    let from = pick(
        random,
        &[
            "[{ cookie: session }, { bearer: true }]",
            "[{ bearer: true }, { cookie: session }]",
            "[{ bearer: true }]",
        ],
    );
    let mut text = format!(
        "version: 1
admin: {{ bind: \"${{EDGE_ADMIN_BIND:-127.0.0.1:1}}\", token_file: \"${{EDGE_ADMIN_TOKEN_FILE:-t}}\", audit_file: \"${{EDGE_ADMIN_AUDIT_FILE:-a}}\" }}
listeners: {{ http: {{ bind: \"${{EDGE_BIND:-127.0.0.1:2}}\" }} }}
trusted_proxies: {proxies}
limits: {limits}
redis: {{ url: \"${{REDIS_URL:-redis://127.0.0.1:3}}\" }}
cors:
  one: {{ allow_origins: [\"{}\"], allow_credentials: true }}
  both: {{ allow_origins: [\"{}\", \"{}\"], allow_methods: [GET, POST, DELETE] }}
jwt:
  users:
    issuer: newfeed-auth
    audience: newfeed-api
    algorithms: [EdDSA]
    token_from: {from}
    jwks: {{ upstream: red, path: /.well-known/jwks.json }}
    revocation: {{ redis_channel: auth.revoked }}
rate_limits:
  rare: {{ key: client_ip, rate: 1/h, algorithm: window }}
  few: {{ key: client_ip, when: anonymous, rate: 3/h, burst: 3 }}
  mine: {{ key: jwt.sub, rate: 2/h, burst: 2 }}
  many: {{ key: client_ip, rate: 10000/h, algorithm: window }}
  lent: {{ key: client_ip, rate: 10/h, burst: 3, mode: leased }}
  tried: {{ key: client_ip, rate: 1/h, enforce: false }}
upstreams:
{upstreams}routes:
",
        ORIGINS[0], ORIGINS[0], ORIGINS[1]
    );
    let mut patterns = Vec::new();
    for number in 0..random.random_range(3..=8) {
        let (matches, pattern) = matcher(random);
        writeln!(
            text,
            "  r{number}: {{ match: {{ {matches} }}, {} }}",
            policies(random, &matches)
        )
        .unwrap();
        patterns.push(pattern);
    }
    (text, patterns)
}

/// What a route matches, and its pattern.
fn matcher(random: &mut StdRng) -> (String, String) {
    let mut segments: Vec<&str> = (0..random.random_range(1..=3))
        .map(|_| pick(random, &SEGMENTS))
        .collect();
    let key = pick(random, &["path", "path", "path_prefix", "path_prefix", "template"]);
    if key == "template" {
        let index = random.random_range(0..segments.len());
        segments[index] = "{id}";
    }
    let mut pattern = format!("/{}", segments.join("/"));
    if key == "path_prefix" && random.random_bool(0.1) {
        pattern = "/".to_owned();
    }
    let key = if key == "template" { "path" } else { key };
    let mut matches = format!("{key}: \"{pattern}\"");
    let methods = some(random, &["GET", "POST", "DELETE", "OPTIONS"], 0.4);
    if !methods.is_empty() && random.random_bool(0.6) {
        write!(matches, ", methods: [{}]", methods.join(", ")).unwrap();
    }
    if random.random_bool(0.15) {
        write!(matches, ", host: {}", pick(random, &HOSTS)).unwrap();
    }
    (matches, pattern)
}

fn policies(random: &mut StdRng, matches: &str) -> String {
    let auth = pick(random, &["public", "{ jwt: users }", "{ jwt: users, optional: true }"]);
    let mut limits = vec!["many", "few", "mine", "rare", "lent", "tried"];
    limits.retain(|name| random.random_bool(if *name == "rare" { 0.1 } else { 0.3 }));
    let mut all = format!(
        "auth: {auth}, rate_limits: [{}], max_body: {}, upstream: {}",
        limits.join(", "),
        pick(random, &["100B", "1KiB", "1MiB"]),
        pick(random, &UPSTREAMS),
    );
    match random.random_range(0..4) {
        0 => all.push_str(", cors: one"),
        1 => all.push_str(", cors: both"),
        _ => {}
    }
    if matches.starts_with("path_prefix") && random.random_bool(0.5) {
        write!(
            all,
            ", rewrite_prefix: {}",
            pick(random, &["/", "/n", "/a/b", "/new/place"])
        )
        .unwrap();
    }
    if matches.starts_with("path:") && random.random_bool(0.5) {
        let parameter = if matches.contains("{id}") { "{id}" } else { "n" };
        write!(all, ", rewrite: \"/{}/{parameter}\"", pick(random, &["a", "new/place"])).unwrap();
    }
    if random.random_bool(0.5) {
        all.push_str(&headers(random));
    }
    match random.random_range(0..8) {
        0..=2 => all.push_str(", streaming: websocket"),
        3 => all.push_str(", streaming: sse"),
        _ => {}
    }
    all
}

/// Changes to fields that requests and answers bring, or do not, or that the edge writes itself.
fn headers(random: &mut StdRng) -> String {
    let request = some(
        random,
        &["accept", "Cookie", "X-User-Id", "x-b", "x-forwarded-for"],
        0.3,
    );
    let response = some(random, &["X-Service", "x-request-id", "vary", "x-c", "RateLimit"], 0.3);
    let set = pick(
        random,
        &[
            "{}",
            "{ X-A: one, x-b: \"two three\" }",
            "{ accept: none, x-request-id: forged }",
        ],
    );
    let told = pick(
        random,
        &["{}", "{ X-Frame-Options: DENY, server: us, x-service: ours }"],
    );
    format!(
        ", headers: {{ request: {{ set: {set}, remove: [{}] }}, response: {{ set: {told}, remove: [{}] }} }}",
        request.join(", "),
        response.join(", ")
    )
}
