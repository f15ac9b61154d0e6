use super::*;
use crate::protocol::{
    Options, Version,
    fixture::{connector_with, serve},
};
use axum::{Router, response::IntoResponse, routing::get};
use bytes::Bytes;
use futures::stream;
use std::{io, time::Duration};

const TIMEOUT: Duration = Duration::from_secs(20);

/// An answer of these chunks, each sent by itself; an error cuts the connection.
fn streamed(chunks: Vec<io::Result<&'static [u8]>>) -> impl IntoResponse {
    let chunks = stream::unfold(chunks.into_iter(), async |mut chunks| {
        let chunk = chunks.next()?;
        // Lets the one before go out first.
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((chunk.map(Bytes::from_static), chunks))
    });
    (
        [(CONTENT_TYPE, "text/event-stream; charset=utf-8")],
        axum::body::Body::from_stream(chunks),
    )
}

fn stop() -> io::Result<&'static [u8]> {
    Err(io::Error::other("cut"))
}

async fn open(router: Router, path: &str) -> Result<EventStream, Failure> {
    let mut connection = Connection::open(&serve(router).await).await.unwrap();
    let request = Request::get(path).body(Body::empty()).unwrap();
    EventStream::open(&mut connection, request, TIMEOUT).await
}

async fn texts(stream: &mut EventStream) -> (Vec<String>, Result<(), Failure>) {
    let mut texts = Vec::new();
    loop {
        match stream.next().await {
            Ok(Some(event)) => texts.push(format!("{}={}", event.name, event.data)),
            Ok(None) => return (texts, Ok(())),
            Err(failure) => return (texts, Err(failure)),
        }
    }
}

#[tokio::test]
async fn chunks_end_within_events_and_within_line_ends() {
    let chunks = || -> Vec<io::Result<&'static [u8]>> {
        vec![
            Ok(b": watching\r\nretry: 2000\r\n\r"),
            Ok(b"\nevent: comment_added\r"),
            Ok(b"\ndata: {\"id\":1,\"text\":\"Gr\xc3"),
            Ok(b"\xbc\xc3\x9fe\"}\r\nid: 7\r\n\r\ndata: a\r\n"),
            Ok(b"data: b\r\n\r\n:\r\n\r\n"),
        ]
    };
    let router = Router::new().route("/s", get(async move || streamed(chunks())));
    let mut stream = open(router, "/s").await.unwrap();
    let before = Instant::now();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!((first.name.as_str(), first.id.as_str()), ("comment_added", "7"));
    assert_eq!(first.data, "{\"id\":1,\"text\":\"Grüße\"}");
    assert!((before..=Instant::now()).contains(&first.at));
    assert_eq!(texts(&mut stream).await, (vec!["message=a\nb".into()], Ok(())));
    assert_eq!((stream.comments(), stream.retry()), (2, Some(Duration::from_secs(2))));
    assert_eq!(stream.next().await, Ok(None), "the end stays");
}

#[tokio::test]
async fn what_axum_sends_is_understood() {
    use axum::response::sse::{Event, Sse};
    let events = || {
        let hello = Event::default().comment("watching").retry(Duration::from_secs(2));
        stream::iter([hello, Event::default().event("x").id("1").data("two\nlines")].map(Ok::<_, io::Error>))
    };
    let mut stream = open(Router::new().route("/s", get(async move || Sse::new(events()))), "/s")
        .await
        .unwrap();
    assert_eq!(texts(&mut stream).await, (vec!["x=two\nlines".into()], Ok(())));
    assert_eq!(stream.comments(), 1);
}

#[tokio::test]
async fn a_cut_is_told_after_the_events_before_it() {
    let router = Router::new()
        .route(
            "/cut",
            get(async || streamed(vec![Ok(b"data: a\n\n"), Ok(b""), stop()])),
        )
        .route("/within", get(async || streamed(vec![Ok(b"data: a\n\ndata: b\n")])));
    for path in ["/cut", "/within"] {
        let mut stream = open(router.clone(), path).await.unwrap();
        let (events, ended) = texts(&mut stream).await;
        assert_eq!(
            (events.as_slice(), ended.unwrap_err().kind),
            (&["message=a".to_owned()][..], "truncated"),
            "{path}"
        );
        assert_eq!(stream.next().await, Ok(None), "told once");
    }
}

#[tokio::test]
async fn refusals_are_no_streams() {
    let refuse = async || (StatusCode::SERVICE_UNAVAILABLE, "{\"code\":\"UNAVAILABLE\"}");
    let router = Router::new()
        .route("/503", get(refuse))
        .route("/html", get(async || "hello"));
    let refused = open(router.clone(), "/503").await.err().unwrap();
    assert_eq!(refused.kind, "status");
    assert!(
        refused.detail.contains("503") && refused.detail.contains("UNAVAILABLE"),
        "{refused}"
    );
    let refused = open(router, "/html").await.err().unwrap();
    assert_eq!(refused.kind, "header");
    assert!(refused.detail.contains("text/plain"), "{refused}");
}

#[tokio::test]
async fn garbage_is_a_protocol_failure() {
    let router = Router::new().route("/s", get(async || streamed(vec![Ok(b"data: \xff\xff\n\n")])));
    let (events, ended) = texts(&mut open(router, "/s").await.unwrap()).await;
    assert_eq!((events.len(), ended.unwrap_err().kind), (0, "protocol"));
}

#[tokio::test]
async fn giving_up_loses_no_event() {
    let slow = || {
        stream::unfold(0, async |count| {
            tokio::time::sleep(Duration::from_millis(3)).await;
            (count < 20).then(|| (Ok::<_, io::Error>(format!("data: {count}\n\n")), count + 1))
        })
    };
    let router = Router::new().route(
        "/s",
        get(async move || {
            (
                [(CONTENT_TYPE, "text/event-stream")],
                axum::body::Body::from_stream(slow()),
            )
        }),
    );
    let mut stream = open(router, "/s").await.unwrap();
    let mut seen = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_millis(1), stream.next()).await {
            Ok(Ok(Some(event))) => seen.push(event.data.parse::<u32>().unwrap()),
            Ok(ended) => break assert_eq!(ended, Ok(None)),
            Err(_elapsed) => {}
        }
    }
    assert_eq!(seen, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn streams_share_an_http2_connection() {
    let router = Router::new().route(
        "/s",
        get(async || streamed(vec![Ok(b"data: a\n\n"), Ok(b"data: b\n\n")])),
    );
    let address = serve(router).await.target().authority().to_owned();
    let options = Options {
        version: Version::Http2,
        ..Options::default()
    };
    let connector = connector_with(&format!("http://{address}"), options);
    let both = async {
        let (mut one, mut two) = (
            Connection::open(&connector).await.unwrap(),
            Connection::open(&connector).await.unwrap(),
        );
        let request = || Request::get("/s").body(Body::empty()).unwrap();
        let mut first = EventStream::open(&mut one, request(), TIMEOUT).await.unwrap();
        let mut second = EventStream::open(&mut two, request(), TIMEOUT).await.unwrap();
        (texts(&mut first).await, texts(&mut second).await)
    };
    let expected = || (vec!["message=a".to_owned(), "message=b".to_owned()], Ok(()));
    assert_eq!(
        tokio::task::LocalSet::new().run_until(both).await,
        (expected(), expected())
    );
    assert_eq!(connector.opened(), 1);
}
