//! Which answers are compressed, and how they look then.

use crate::support::{Edge, PATIENCE, Setup};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Query,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use futures::stream;
use http::Method;
use serde_json::json;
use shared_testkit::{Answer, serve};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, UNIX_EPOCH},
};
use tokio::time::sleep;

const TEXT: &str = "{\"id\":1,\"content\":\"the quick brown fox\"},";
const ROUTES: &str = "
routes:
  compressed:
    match: { path_prefix: /c }
    auth: public
    upstream: posts
    compression: {}
  events:
    match: { path: /events }
    auth: { jwt: users, optional: true }
    rate_limits: []
    streaming: sse
    compression: { algorithms: [zstd, br, gzip] }
    upstream: posts
  plain:
    match: { path_prefix: /plain }
    auth: public
    upstream: posts
    compression: { algorithms: [] }
";

/// Answers with the status and the fields that the query says, and so many bytes.
pub(crate) async fn answer(Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let mut fields = HeaderMap::new();
    let (mut status, mut length, mut chunked) = (StatusCode::OK, 4000, false);
    for (key, value) in &asked {
        match key.as_str() {
            "status" => status = value.parse().unwrap(),
            "length" => length = value.parse().unwrap(),
            "chunked" => chunked = true,
            name => {
                fields.insert(
                    HeaderName::try_from(name).unwrap(),
                    HeaderValue::try_from(value).unwrap(),
                );
            }
        }
    }
    let text = body(length);
    let body = match chunked {
        false => Body::from(text),
        true => {
            let pieces: Vec<_> = text.as_bytes().chunks(700).map(Bytes::copy_from_slice).collect();
            Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, Infallible>)))
        }
    };
    (status, fields, body).into_response()
}

fn body(length: usize) -> String {
    TEXT.chars().cycle().take(length).collect()
}

/// An event every 100 ms, which tells when it left.
async fn events() -> Response {
    let events = stream::unfold((), |()| async {
        sleep(Duration::from_millis(100)).await;
        let event = format!("data: {}\n\n", micros());
        Some((Ok::<_, Infallible>(event), ()))
    });
    ([("content-type", "text/event-stream")], Body::from_stream(events)).into_response()
}

/// Since the Unix epoch.
fn micros() -> u128 {
    UNIX_EPOCH.elapsed().unwrap().as_micros()
}

async fn start() -> (Setup, Edge) {
    let router = Router::new().route("/events", any(events)).fallback(any(answer));
    let origin = serve(router).await;
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup.targets("POSTS", &[origin]).edit("\nroutes:\n", ROUTES);
    let edge = setup.start().await;
    (setup, edge)
}

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut decoded = Vec::new();
    let body = &answer.body[..];
    let reader: &mut dyn Read = match answer.header("content-encoding") {
        Some("zstd") => &mut zstd::stream::read::Decoder::new(body).unwrap(),
        Some("br") => &mut brotli::Decompressor::new(body, 4096),
        Some("gzip") => &mut flate2::read::GzDecoder::new(body),
        _ => return body.to_vec(),
    };
    reader.read_to_end(&mut decoded).unwrap();
    decoded
}

const JSON: &str = "content-type=application/json";

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_as_the_client_likes_it_and_only_where_they_may_be() {
    let (_setup, edge) = start().await;
    // path, Accept-Encoding, the answer's coding, whether it varies
    for (query, accept, coding, varies) in [
        (JSON, "gzip", Some("gzip"), true),
        (JSON, "br", Some("br"), true),
        (JSON, "zstd", Some("zstd"), true),
        (JSON, "gzip, br, zstd", Some("zstd"), true),
        (JSON, "gzip;q=1, br;q=0.5", Some("gzip"), true),
        (JSON, "gzip;q=0, identity", None, true),
        (JSON, "*", Some("zstd"), true),
        (JSON, "deflate", None, true),
        (JSON, "", None, true),
        ("content-type=application/json&chunked=1", "gzip", Some("gzip"), true),
        ("content-type=text/html;charset%3Dutf-8", "gzip", Some("gzip"), true),
        (
            "content-type=application/problem%2Bjson&status=404",
            "gzip",
            Some("gzip"),
            true,
        ),
        ("content-type=image/svg%2Bxml", "gzip", Some("gzip"), true),
        ("content-type=application/json&length=1023", "gzip", None, false),
        ("content-type=application/json&length=0", "gzip", None, false),
        ("content-type=image/png", "gzip", None, false),
        ("content-type=application/octet-stream", "gzip", None, false),
        ("content-type=application/grpc", "gzip", None, false),
        ("content-type=application/grpc%2Bproto", "gzip", None, false),
        ("content-type=application/json&content-encoding=br", "gzip", None, false),
        (
            "content-type=application/json&cache-control=no-transform",
            "gzip",
            None,
            false,
        ),
        (
            "content-type=application/json&set-cookie=session%3Dx",
            "gzip",
            None,
            false,
        ),
        (
            "content-type=application/json&content-range=bytes 0-3999/9000&status=206",
            "gzip",
            None,
            true,
        ),
    ] {
        let client = edge.client().header("accept-encoding", accept);
        let path = format!("/c?{query}").replace(' ', "%20");
        let answer = client.get(&path).await;
        let case = format!("{query} · {accept}");
        let shown = answer
            .header("content-encoding")
            .filter(|shown| Some(*shown) != passed(query));
        assert_eq!(shown, coding, "{case}");
        let vary = answer.header("vary").unwrap_or_default().to_ascii_lowercase();
        assert_eq!(vary.contains("accept-encoding"), varies, "{case}");
        let length = query
            .split("length=")
            .nth(1)
            .map_or(4000, |length| length.parse().unwrap());
        if coding.is_some() {
            assert!(answer.body.len() < 1000, "{case}: {}", answer.body.len());
            assert_eq!(answer.header("content-length"), None, "{case}");
            assert_eq!(decoded(&answer), body(length).into_bytes(), "{case}");
        } else {
            assert_eq!(answer.body, body(length), "{case}");
        }
    }
    assert_eq!(edge.metric("edge_compressed_answers_total{coding=\"br\"}").await, 1.0);
}

/// The coding that a service gave it.
fn passed(query: &str) -> Option<&str> {
    query.split("content-encoding=").nth(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_tags_of_what_is_compressed() {
    let (_setup, edge) = start().await;
    let client = edge.client().header("accept-encoding", "gzip");
    let tagged = "/c?content-type=text/css&etag=%22x%22&accept-ranges=bytes&vary=Origin";
    let answer = client.get(tagged).await;
    assert_eq!(answer.header("etag"), Some("W/\"x\""));
    assert_eq!(answer.header("accept-ranges"), None);
    let vary: Vec<_> = answer.headers.get_all("vary").iter().take(2).collect();
    assert_eq!(vary, ["Origin", "Accept-Encoding"]);
    let head = client.send(Method::HEAD, tagged, None, Bytes::new()).await;
    assert_eq!(
        (
            head.header("content-encoding"),
            head.header("content-length"),
            head.header("etag")
        ),
        (None, Some("4000"), Some("\"x\""))
    );
    let unchanged = client
        .get("/c?status=304&etag=%22x%22&length=0")
        .await
        .expect_status(304);
    assert!(
        unchanged
            .headers
            .get_all("vary")
            .iter()
            .any(|names| names == "Accept-Encoding")
    );
    assert_eq!(unchanged.header("content-encoding"), None);
    // A route without the key.
    let plain = client.get(&tagged.replace("/c?", "/plain?")).await;
    assert_eq!(
        (plain.header("content-encoding"), plain.header("etag")),
        (None, Some("\"x\""))
    );
    // The edge's own answers are too small, and are never broken.
    let refused = client.get("/no-such-path").await.expect_status(404);
    assert_eq!(refused.problem().code.as_str(), "ROUTE_NOT_FOUND");
}

/// HTTP/1.0 has no chunks, so its clients get the answer as it is.
#[tokio::test(flavor = "multi_thread")]
async fn framing_on_the_wire() {
    let (_setup, edge) = start().await;
    let public = edge.public;
    let read = tokio::task::spawn_blocking(move || {
        let ask = |version: &str| {
            let mut stream = TcpStream::connect(public).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let request =
                format!("GET /c?{JSON} {version}\r\nhost: a\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            String::from_utf8_lossy(&answer).to_ascii_lowercase()
        };
        (ask("HTTP/1.1"), ask("HTTP/1.0"))
    });
    let (new, old) = read.await.unwrap();
    assert_eq!(new.matches("content-encoding: gzip").count(), 1, "{new}");
    assert_eq!(new.matches("transfer-encoding: chunked").count(), 1, "{new}");
    assert!(new.ends_with("\r\n0\r\n\r\n"), "{new}");
    assert!(!old.contains("content-encoding"), "{old}");
    assert!(old.contains("content-length: 4000"), "{old}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_of_a_compressed_stream_arrives_at_once() {
    let (setup, edge) = start().await;
    edge.knows_issuer().await;
    let public = edge.public;
    // Streams of those who are signed in go a road of their own.
    let token = format!("authorization: Bearer {}\r\n", setup.tokens.token(7, "ann"));
    let read = tokio::task::spawn_blocking(move || {
        for (accept, coding, more) in [
            ("gzip", "gzip", ""),
            ("br, gzip;q=0.1", "br", ""),
            ("zstd", "zstd", ""),
            ("gzip", "gzip", &token),
            ("br", "br", &token),
            ("zstd", "zstd", &token),
        ] {
            let mut stream = TcpStream::connect(public).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let request = format!("GET /events HTTP/1.1\r\nhost: a\r\naccept-encoding: {accept}\r\n{more}\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut wire = Vec::new();
            let mut piece = [0; 4096];
            let mut late: Vec<u128> = Vec::new();
            while late.len() < 8 {
                let length = stream.read(&mut piece).unwrap();
                assert!(length > 0, "the stream ended");
                wire.extend_from_slice(&piece[..length]);
                let now = micros();
                let events = events_of(&wire, coding);
                late.extend(events[late.len()..].iter().map(|left| now - left));
            }
            // Held back, each would wait for the next one, 100 ms; the machine may be busy for a moment.
            let in_time = late.iter().filter(|late| **late < 50_000).count();
            assert!(in_time >= 6, "{coding}: {late:?}");
        }
    });
    read.await.unwrap();
}

/// When the events left that can be read of a chunked body so far.
fn events_of(wire: &[u8], coding: &str) -> Vec<u128> {
    let Some(head) = wire.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Vec::new();
    };
    let (mut rest, mut encoded) = (&wire[head + 4..], Vec::new());
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        let Some(chunk) = rest.get(line + 2..line + 2 + length) else {
            break;
        };
        encoded.extend_from_slice(chunk);
        rest = rest.get(line + 4 + length..).unwrap_or_default();
    }
    let mut text = Vec::new();
    let reader: &mut dyn Read = match coding {
        "br" => &mut brotli::Decompressor::new(&encoded[..], 4096),
        "zstd" => &mut zstd::stream::read::Decoder::new(&encoded[..]).unwrap(),
        _ => &mut flate2::read::GzDecoder::new(&encoded[..]),
    };
    let _ = reader.read_to_end(&mut text);
    let text = String::from_utf8(text).unwrap();
    let whole = text.rfind("\n\n").map_or("", |end| &text[..end]);
    let left = whole.split("\n\n").filter(|event| !event.is_empty());
    left.map(|event| event.trim_start_matches("data: ").parse().unwrap())
        .collect()
}

/// What the edge composes itself goes the same way.
#[tokio::test(flavor = "multi_thread")]
async fn graphql_answers_are_compressed() {
    let (setup, _posts) = Setup::new().origin("POSTS").await;
    let setup = setup.edit("\n  graphql:\n", "\n  graphql:\n    compression: { min_size: 100B }\n");
    let edge = setup.start().await;
    let query = json!({ "query": "{ __schema { types { name description fields { name description } } } }" });
    let client = edge.client().header("accept-encoding", "zstd");
    let answer = client.post_json("/graphql", &query).await.expect_status(200);
    assert_eq!(answer.header("content-encoding"), Some("zstd"));
    let length = answer.header("content-length").map(|length| length.parse().unwrap());
    assert_eq!(length, Some(answer.body.len()), "a whole answer has its length");
    let data: serde_json::Value = serde_json::from_slice(&decoded(&answer)).unwrap();
    assert!(data["data"]["__schema"]["types"].is_array(), "{data}");
}
