//! A hedged answer looks like any other, whoever gave it.

use crate::{
    compression::answer,
    support::{Edge, PATIENCE, POSTS, Setup},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::Version,
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::any,
};
use futures::stream;
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;
use shared_testkit::{eventually, serve};
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

const IN_TURN: &str = "targets: \"${POSTS_TARGETS:-127.0.0.1:3002}\"
    load_balancing: round_robin";
const ROUTES: &str = "
routes:
  plain:
    match: { path_prefix: /plain }
    auth: public
    upstream: posts
    rewrite_prefix: /seen
  hedged:
    match: { path_prefix: /hedged }
    auth: public
    upstream: posts
    rewrite_prefix: /seen
    hedge: { after: 20ms, budget: 100% }
";
/// Pieces of a large body, and how many there are.
const PIECE: usize = 64 * 1024;
const PIECES: u64 = 1_000;

/// How long a target waits before it answers.
type Waits = State<Duration>;

async fn wait(State(waits): Waits, request: Request, next: Next) -> Response {
    sleep(waits).await;
    next.run(request).await
}

async fn setup(addresses: &[SocketAddr]) -> (Setup, Edge) {
    let setup = Setup::new().targets("POSTS", addresses);
    let setup = setup.edit(POSTS, IN_TURN).edit("\nroutes:\n", ROUTES);
    let setup = setup.edit("  rate_limits: [anonymous_ip]\n", "  rate_limits: []\n");
    let edge = setup.start().await;
    (setup, edge)
}

/// One target that is quick, and one that is not.
async fn quick_and_slow(router: impl Fn() -> Router) -> (Setup, Edge) {
    let mut addresses = Vec::new();
    for waits in [0, 150] {
        let wait = from_fn_with_state(Duration::from_millis(waits), wait);
        addresses.push(serve(router().layer(wait)).await);
    }
    setup(&addresses).await
}

/// Status, fields and body, without what differs from answer to answer.
async fn look(
    edge: &Edge,
    version: Version,
    method: &Method,
    path: &str,
    fields: &HeaderMap,
) -> (u16, HeaderMap, Bytes) {
    let mut builder = Client::builder(TokioExecutor::new());
    let client = builder.http2_only(version == Version::HTTP_2).build_http();
    let mut request = http::Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = format!("http://{}{path}", edge.public).parse().unwrap();
    *request.method_mut() = method.clone();
    *request.version_mut() = version;
    *request.headers_mut() = fields.clone();
    let (mut head, body) = client.request(request).await.unwrap().into_parts();
    for name in ["x-request-id", "date"] {
        assert!(head.headers.remove(name).is_some(), "{name} of {path}: {head:?}");
    }
    (
        head.status.as_u16(),
        head.headers,
        body.collect().await.unwrap().to_bytes(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_are_the_same() {
    let (_setup, edge) = quick_and_slow(|| Router::new().fallback(any(answer))).await;
    let fields: HeaderMap = [("accept-encoding", "gzip"), ("origin", "http://localhost:5173")]
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .into_iter()
        .collect();
    for query in [
        "content-type=application/json",
        "content-type=application/json&chunked=1",
        "content-type=image/png&length=100000&etag=%22x%22&cache-control=no-store",
        "content-type=image/png&chunked=1&server=me&x-powered-by=me&connection=keep-alive",
        "content-type=text/css&content-range=bytes%200-3999/9000&status=206",
        "status=304&etag=%22x%22&length=0",
        "status=204&length=0",
        "status=404&content-type=application/problem%2Bjson",
        "status=500&length=10",
        "length=0",
    ] {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            for method in [Method::GET, Method::HEAD] {
                let (plain, hedged) = (format!("/plain?{query}"), format!("/hedged?{query}"));
                let want = look(&edge, version, &method, &plain, &fields).await;
                // Each target is the first once.
                for _ in 0..2 {
                    let got = look(&edge, version, &method, &hedged, &fields).await;
                    assert_eq!(got, want, "{method} {query} {version:?}");
                }
            }
        }
    }
    let won = edge.metric("edge_upstream_events_total{upstream=\"posts\",event=\"hedge_won\"}");
    assert!(won.await >= 20.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_sees_the_same_request() {
    let (setup, _origin) = Setup::new().origin("POSTS").await;
    let setup = setup.edit(POSTS, IN_TURN).edit("\nroutes:\n", ROUTES);
    let edge = setup.start().await;
    let mut fields = HeaderMap::new();
    for (name, value) in [
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("te", "trailers"),
        ("x-user-id", "7"),
        ("x-request-attempt", "9"),
        ("range", "bytes=0-1"),
        ("if-none-match", "\"x\""),
        ("accept-encoding", "gzip;q=0"),
    ] {
        fields.append(name, value.parse().unwrap());
    }
    let seen = async |version, path: &str| {
        let (status, _, body) = look(&edge, version, &Method::GET, path, &fields).await;
        assert_eq!(status, 200);
        let mut seen: Value = serde_json::from_slice(&body).unwrap();
        for name in ["x-request-id", "traceparent", "x-request-timeout-ms"] {
            assert!(
                seen["headers"].as_object_mut().unwrap().remove(name).is_some(),
                "{name}: {seen}"
            );
        }
        seen
    };
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let want = seen(version, "/plain/x?a=%41&b").await;
        assert_eq!(seen(version, "/hedged/x?a=%41&b").await, want, "{version:?}");
    }
}

/// A server of bare HTTP/1.1 that answers these bytes.
async fn says(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut read = Vec::new();
                while !read.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let _ = stream.write_all(bytes).await;
            });
        }
    });
    address
}

/// The edge's answer as it comes, in lines, without what differs from answer to answer.
async fn raw(edge: &Edge, path: &str) -> Vec<String> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // What breaks off may do so with a reset.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    let lines = text
        .split("\r\n")
        .filter(|line| !line.starts_with("date:") && !line.starts_with("x-request-id:"));
    let (mut head, body): (Vec<_>, Vec<_>) = {
        let mut is_head = true;
        lines.map(str::to_owned).partition(|line| {
            is_head &= !line.is_empty();
            is_head
        })
    };
    head.sort_unstable();
    // A problem names its request.
    let without_id = |line: String| match line.split_once("\"request_id\":\"") {
        Some((before, after)) => before.to_owned() + after.trim_start_matches(|c: char| c.is_ascii_hexdigit()),
        None => line,
    };
    [head, body].concat().into_iter().map(without_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_are_passed_on_alike() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\n\r\nuntil the end"[..],
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 Fine\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbroken off",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbroke",
        b"no HTTP at all\r\n\r\n",
    ] {
        let (_setup, edge) = setup(&[says(bytes).await]).await;
        let (plain, hedged) = (raw(&edge, "/plain").await, raw(&edge, "/hedged").await);
        assert_eq!(hedged, plain, "{}", String::from_utf8_lossy(bytes));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_one_request_after_the_other() {
    let (_setup, edge) = quick_and_slow(|| Router::new().fallback(any(answer))).await;
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    for number in 0..4 {
        let request = "GET /hedged?content-type=text/x&length=5 HTTP/1.1\r\nhost: a\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n{\"id\"") {
            let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut answer));
            assert!(read.await.unwrap().unwrap() > 0, "closed at number {number}");
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_comes_whole_and_no_faster_than_it_is_read() {
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    let large = move || {
        let count = Arc::clone(&count);
        async move {
            let pieces = stream::unfold(0, move |number| {
                let count = Arc::clone(&count);
                async move {
                    count.fetch_add(1, SeqCst);
                    (number < PIECES).then(|| (Ok::<_, Infallible>(Bytes::from(vec![b'x'; PIECE])), number + 1))
                }
            });
            Body::from_stream(pieces)
        }
    };
    let (_setup, edge) = quick_and_slow(move || Router::new().fallback(any(large.clone()))).await;
    let request = "GET /hedged HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    for _ in 0..2 {
        sent.store(0, SeqCst);
        let mut stream = TcpStream::connect(edge.public).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // It is sent until everything on the way is full, and then no more.
        let mut before = u64::MAX;
        eventually(PATIENCE, || {
            let now = sent.load(SeqCst);
            let is_still = now > 0 && now == std::mem::replace(&mut before, now);
            async move {
                sleep(Duration::from_millis(50)).await;
                is_still
            }
        })
        .await;
        assert!(sent.load(SeqCst) < PIECES / 2, "{} pieces", sent.load(SeqCst));
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
        read.await.unwrap().unwrap();
        let body = answer.iter().filter(|byte| **byte == b'x').count();
        assert!(
            body >= PIECE * PIECES as usize && answer.ends_with(b"0\r\n\r\n"),
            "{body}"
        );
    }
}
