//! What the service is told about a client: by the edge alone, whatever the client says itself.

use super::{
    door,
    wire::{Recorder, Seen},
};
use crate::support::{Edge, Setup, raw};

/// What the service saw of a request with these fields, each `name: value`.
async fn seen(edge: &Edge, recorder: &Recorder, fields: &str) -> Seen {
    recorder.forget();
    let fields = fields.replace('\n', "\r\n");
    let request = format!("GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{fields}\r\n\r\n");
    let answer = raw(edge.public, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    recorder.seen().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_the_connection_and_of_others_stay_here() {
    let (_setup, recorder, edge) = door().await;
    let seen = seen(
        &edge,
        &recorder,
        "Connection: close, X-Mine\nX-Mine: 1\nKeep-Alive: 1\nProxy-Connection: keep-alive\nProxy-Authorization: Basic x\nTE: trailers\n\
         Trailer: x\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk\nProxy: http://evil.example\nX-Original-URL: /internal\n\
         X-Rewrite-Url: /internal\nX-HTTP-Method-Override: DELETE\nX_User_Id: 1\nx_forwarded_for: 6.6.6.6\nForwarded: for=6.6.6.6\n\
         X-Real-IP: 6.6.6.6\nTrue-Client-IP: 6.6.6.6\nX-Kept: 1\nCookie: a=1\nCookie: b=2",
    )
    .await;
    let names: Vec<&str> = seen.fields.iter().map(|(name, _)| name.as_str()).collect();
    let mut left: Vec<&str> = names.iter().copied().filter(|name| !seen_always(name)).collect();
    left.sort_unstable();
    assert_eq!(left, ["cookie", "x-kept"], "{seen:?}");
    assert_eq!(seen.field("cookie"), Some("a=1; b=2"));
    assert_eq!(seen.field("x-forwarded-for"), Some("127.0.0.1"));
}

/// What the edge says to each service.
fn seen_always(name: &str) -> bool {
    [
        "host",
        "x-request-id",
        "traceparent",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-service-token",
        "x-request-timeout-ms",
    ]
    .contains(&name)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_away_what_the_edge_says() {
    let (_setup, recorder, edge) = door().await;
    for name in [
        "x-service-token",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-request-id",
        "traceparent",
    ] {
        recorder.forget();
        let request = format!("GET /api/auth/x HTTP/1.1\r\nHost: a.example\r\nConnection: close, {name}\r\n\r\n");
        let answer = raw(edge.public, request.as_bytes()).await;
        match recorder.seen().first() {
            Some(seen) => assert!(seen.field(name).is_some(), "{name}: {seen:?}"),
            None => assert!(answer.starts_with("HTTP/1.1 400 "), "{name}: {answer}"),
        }
    }
}

async fn behind(header: &'static str) -> (Setup, Recorder, Edge) {
    let recorder = Recorder::start().await;
    let setup = Setup::new()
        .targets("AUTH", &[recorder.address])
        .edit("trusted_proxies: []", header);
    let edge = setup.start().await;
    (setup, recorder, edge)
}

fn told(seen: &Seen) -> [&str; 3] {
    ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"].map(|name| {
        assert_eq!(
            seen.fields.iter().filter(|(field, _)| field == name).count(),
            1,
            "{seen:?}"
        );
        seen.field(name).unwrap()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_header_is_believed_and_the_other_is_not() {
    let both = "Forwarded: for=6.6.6.6;proto=https;host=f.example\nX-Forwarded-For: 7.7.7.7\nX-Forwarded-Proto: https\nX-Forwarded-Host: x.example";
    // Nobody is trusted.
    let (_setup, recorder, edge) = door().await;
    assert_eq!(
        told(&seen(&edge, &recorder, both).await),
        ["127.0.0.1", "http", "a.example"]
    );

    let (_setup, recorder, edge) = behind("trusted_proxies: [127.0.0.0/8]").await;
    let tell = async |fields: &str| told(&seen(&edge, &recorder, fields).await).map(str::to_owned);
    assert_eq!(tell(both).await, ["7.7.7.7", "https", "x.example"]);
    assert_eq!(tell("Forwarded: for=6.6.6.6").await, ["127.0.0.1", "http", "a.example"]);
    assert_eq!(
        tell("X-Forwarded-For: 1.1.1.1, 7.7.7.7\nX-Forwarded-Host: x.example/y\nX-Forwarded-Proto: https\nX-Forwarded-Proto: http").await,
        ["7.7.7.7", "http", "a.example"]
    );

    let (_setup, recorder, edge) = behind("trusted_proxies: [127.0.0.0/8]\ntrusted_header: forwarded").await;
    let tell = async |fields: &str| told(&seen(&edge, &recorder, fields).await).map(str::to_owned);
    assert_eq!(tell(both).await, ["6.6.6.6", "https", "f.example"]);
    assert_eq!(
        tell("Forwarded: for=1.1.1.1, For=\"[2001:db8::7]:99\";PROTO=HTTPS").await,
        ["2001:db8::7", "https", "a.example"]
    );
    assert_eq!(
        tell("Forwarded: for=1.1.1.1, for=unknown").await,
        ["127.0.0.1", "http", "a.example"]
    );
    assert_eq!(
        tell("X-Forwarded-For: 7.7.7.7").await,
        ["127.0.0.1", "http", "a.example"]
    );
}
