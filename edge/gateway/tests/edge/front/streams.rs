//! HTTP/2's requests: what must not become a request of HTTP/1.

use super::{
    door,
    frames::{CONTINUATION, DATA, END_HEADERS, END_STREAM, End, Frames, GET, HEADERS, fields, frame},
    wire::Seen,
};

const LINE: &str = "GET /api/auth/x HTTP/1.1";
const POST_LINE: &str = "POST /api/auth/x HTTP/1.1";

/// The usual fields and more.
fn with(more: &[(&str, &str)]) -> Vec<u8> {
    fields(&[&GET[..], more].concat())
}

/// The usual fields with one of another value.
fn but(name: &str, value: &str) -> Vec<u8> {
    fields(&GET.map(|(field, usual)| (field, if field == name { value } else { usual })))
}

/// The usual fields without one.
fn without(name: &str) -> Vec<u8> {
    let left: Vec<_> = GET.into_iter().filter(|(field, _)| *field != name).collect();
    fields(&left)
}

/// A request with a body that says how long it is.
fn post(lengths: &[&str], body: &str, end: bool) -> Vec<u8> {
    let mut all = GET
        .map(|(name, value)| (name, if name == ":method" { "POST" } else { value }))
        .to_vec();
    all.extend(lengths.iter().map(|length| ("content-length", *length)));
    let head = frame(HEADERS, END_HEADERS, 1, &fields(&all));
    [head, frame(DATA, u8::from(end), 1, body.as_bytes())].concat()
}

fn request(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
}

/// Name, source, bytes behind the greeting.
type Row = (&'static str, &'static str, Vec<u8>);

fn refused() -> Vec<Row> {
    let mut rows: Vec<Row> = vec![
        ("two hosts", "RFC 9113 8.3.1", request(&with(&[("host", "b.example")]))),
        (
            "a host twice",
            "RFC 9112 3.2",
            request(&with(&[("host", "a.example"), ("host", "a.example")])),
        ),
        ("no host", "RFC 9113 8.3.1", request(&without(":authority"))),
        ("no method", "RFC 9113 8.3.1", request(&without(":method"))),
        ("no path", "RFC 9113 8.3.1", request(&without(":path"))),
        ("no scheme", "RFC 9113 8.3.1", request(&without(":scheme"))),
        (
            "a pseudo-field behind others",
            "RFC 9113 8.3",
            request(&[with(&[("x", "y")]), fields(&[(":path", "/")])].concat()),
        ),
        (
            "a pseudo-field twice",
            "RFC 9113 8.3",
            request(&with(&[(":path", "/api/auth/y")])),
        ),
        (
            "two authorities",
            "RFC 9113 8.3",
            request(&with(&[(":authority", "b.example")])),
        ),
        (
            "a pseudo-field of answers",
            "RFC 9113 8.3",
            request(&with(&[(":status", "200")])),
        ),
        (
            "an unknown pseudo-field",
            "RFC 9113 8.3",
            request(&with(&[(":x", "y")])),
        ),
        (
            "a name in capitals",
            "RFC 9113 8.2.1",
            request(&with(&[("X-Upper", "y")])),
        ),
        ("an empty name", "RFC 9113 8.2.1", request(&with(&[("", "y")]))),
        (
            "a line end in a name",
            "RFC 9113 8.2.1",
            request(&with(&[("x\r\ny", "z")])),
        ),
        ("a colon in a name", "RFC 9113 8.2.1", request(&with(&[("x:y", "z")]))),
        ("a space in a name", "RFC 9113 8.2.1", request(&with(&[("x y", "z")]))),
        (
            "a name beyond ASCII",
            "RFC 9113 8.2.1",
            request(&with(&[("\u{e4}", "z")])),
        ),
        (
            "CR LF in a value",
            "Kettle, HTTP/2: the sequel",
            request(&with(&[("x", "a\r\ntransfer-encoding: chunked")])),
        ),
        ("LF in a value", "RFC 9113 8.2.1", request(&with(&[("x", "a\nb")]))),
        ("CR in a value", "RFC 9113 8.2.1", request(&with(&[("x", "a\rb")]))),
        ("NUL in a value", "RFC 9113 8.2.1", request(&with(&[("x", "a\0b")]))),
        ("userinfo", "RFC 9113 8.3.1", request(&but(":authority", "u@a.example"))),
        (
            "a path in the authority",
            "RFC 9113 8.3.1",
            request(&but(":authority", "a.example/y")),
        ),
        (
            "a line end in the authority",
            "Kettle, HTTP/2: the sequel",
            request(&but(":authority", "a.example\r\nx: y")),
        ),
        (
            "a line in the method",
            "Kettle, HTTP/2: the sequel",
            request(&but(":method", "GET / HTTP/1.1\r\nx: y\r\n\r\nGET")),
        ),
        (
            "a space in the method",
            "RFC 9110 9.1",
            request(&but(":method", "GET /y")),
        ),
        ("an empty method", "RFC 9110 9.1", request(&but(":method", ""))),
        ("TRACE", "RFC 9110 9.3.8", request(&but(":method", "TRACE"))),
        (
            "CONNECT",
            "RFC 9113 8.5",
            request(&fields(&[(":method", "CONNECT"), (":authority", "a.example:443")])),
        ),
        (
            "a line end in the scheme",
            "Kettle, HTTP/2: the sequel",
            request(&but(":scheme", "http\r\nx: y")),
        ),
        ("a length and less", "RFC 9113 8.1.1", post(&["10"], "hello", true)),
        ("a length and more", "RFC 9113 8.1.1", post(&["2"], "hello", true)),
        (
            "a length and no body",
            "RFC 9113 8.1.1",
            request(&with(&[("content-length", "5")])),
        ),
        ("two lengths", "RFC 9113 8.1.1", post(&["5", "6"], "hello", true)),
        ("two equal lengths", "RFC 9110 8.6", post(&["5", "5"], "hello", true)),
        ("a length with a plus", "RFC 9110 8.6", post(&["+5"], "hello", true)),
        (
            "a length that wraps",
            "RFC 9110 8.6",
            post(&["18446744073709551621"], "hello", true),
        ),
        (
            "Expect something",
            "RFC 9110 10.1.1",
            request(&with(&[("expect", "x")])),
        ),
        (
            "a frame within a block of fields",
            "RFC 9113 6.10",
            [frame(HEADERS, END_STREAM, 1, &with(&[])), frame(DATA, 0, 1, b"x")].concat(),
        ),
        (
            "a block of fields that cannot be read",
            "RFC 9113 4.3",
            request(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ),
        (
            "a stream with an even number",
            "RFC 9113 5.1.1",
            frame(HEADERS, END_HEADERS | END_STREAM, 2, &with(&[])),
        ),
        (
            "a body before its head",
            "RFC 9113 5.1",
            frame(DATA, END_STREAM, 1, b"hello"),
        ),
        (
            "a frame that is too large",
            "RFC 9113 4.2",
            frame(DATA, 0, 1, &[0; 20_000]),
        ),
        (
            "a continuation of nothing",
            "RFC 9113 6.10",
            frame(CONTINUATION, END_HEADERS, 1, &with(&[])),
        ),
    ];
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ] {
        rows.push((
            "a field of the connection",
            "RFC 9113 8.2.2",
            request(&with(&[(name, "chunked")])),
        ));
    }
    rows.push(("te: gzip", "RFC 9113 8.2.2", request(&with(&[("te", "gzip")]))));
    for path in [
        "",
        "*",
        "api",
        "http://a.example/api/auth/x",
        "//b.example/",
        "/api/auth/x y",
        "/api/auth/x\r\nx: y",
        "/api/auth/\0",
        "/api/auth/../media",
        "/api/auth/%2e%2e/media",
        "/api//auth",
        "/api/auth/x;y",
        "/api\\auth",
        "/api%2fauth",
        "/api/auth/%00",
        "/api/auth/%c0%ae",
        "/api/auth/\u{e4}",
        "/api/auth/x?a=\tb",
    ] {
        rows.push(("a path", "as with HTTP/1", request(&but(":path", path))));
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_cannot_smuggle() {
    let (_setup, recorder, edge) = door().await;
    let mut wrong = Vec::new();
    let rows = refused();
    for (name, source, bytes) in &rows {
        recorder.forget();
        let mut frames = Frames::open(edge.public).await;
        frames.says(bytes).await;
        let end = match bytes[8] {
            1 => frames.end_of(1).await,
            stream => frames.end_of(u32::from(stream)).await,
        };
        let is_refusal = !matches!(end, End::Status(status) if ![400, 405, 417, 501].contains(&status));
        let seen = recorder.seen();
        if !is_refusal || !seen.is_empty() {
            wrong.push(format!("{name} ({source}): {end:?}, the service saw {seen:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

/// Sends on a connection of its own; what the service saw.
async fn passes(edge: &crate::support::Edge, recorder: &super::wire::Recorder, bytes: &[u8]) -> Seen {
    recorder.forget();
    let mut frames = Frames::open(edge.public).await;
    frames.says(bytes).await;
    assert_eq!(frames.end_of(1).await, End::Status(200));
    let mut seen = recorder.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    seen.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_well_formed_arrives_in_one_form() {
    let (_setup, recorder, edge) = door().await;
    let seen = passes(&edge, &recorder, &request(&with(&[("te", "trailers")]))).await;
    assert_eq!((seen.line.as_str(), seen.field("host")), (LINE, Some("a.example")));
    assert_eq!(seen.field("te"), None);
    let host_alone = [&without(":authority")[..], &fields(&[("host", "a.example")])].concat();
    let seen = passes(&edge, &recorder, &request(&host_alone)).await;
    assert_eq!((seen.line.as_str(), seen.field("host")), (LINE, Some("a.example")));
    let seen = passes(
        &edge,
        &recorder,
        &request(&with(&[("cookie", "a=1"), ("cookie", "b=2")])),
    )
    .await;
    assert_eq!(
        seen.fields.iter().filter(|(name, _)| name == "cookie").count(),
        1,
        "{seen:?}"
    );
    assert_eq!(seen.field("cookie"), Some("a=1; b=2"), "RFC 9113 8.2.3");
    for lengths in [&["5"][..], &[]] {
        let seen = passes(&edge, &recorder, &post(lengths, "hello", true)).await;
        assert_eq!((seen.line.as_str(), &seen.body[..]), (POST_LINE, &b"hello"[..]));
    }
    // The library cuts a fragment off, so that nobody sees it.
    let seen = passes(&edge, &recorder, &request(&but(":path", "/api/auth/x#y"))).await;
    assert_eq!(seen.line, LINE);
    // A body that ends with an empty frame, and one that is a trailer's.
    let empty_last = [post(&[], "hello", false), frame(DATA, END_STREAM, 1, b"")].concat();
    assert_eq!(passes(&edge, &recorder, &empty_last).await.body, b"hello");
    let trailer = frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(&[("x-user-id", "1")]));
    let seen = passes(&edge, &recorder, &[post(&[], "hello", false), trailer].concat()).await;
    assert_eq!((seen.field("x-user-id"), &seen.body[..]), (None, &b"hello"[..]));
}
