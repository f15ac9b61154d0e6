//! HTTP/2 with prior knowledge.

use super::{PATIENT, post, version};
use crate::common::{connector, get, origin};
use bench_load::protocol::{Body, Connection, Connector, Options, Version};
use bytes::Bytes;
use futures::{StreamExt, future::join_all, stream};
use http::{Request, Response, StatusCode};
use http_body_util::StreamBody;
use hyper::{body::Frame, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    io,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

fn h2(url: &str, streams: u32) -> Connector {
    connector(
        url,
        Options {
            streams,
            ..version(Version::Http2)
        },
    )
}

async fn clients(connector: &Connector, count: u32) -> Vec<Connection> {
    join_all((0..count).map(async |_| Connection::open(connector).await.expect("it listens"))).await
}

#[tokio::test(flavor = "local")]
async fn clients_share_connections_up_to_the_limit() {
    let origin = origin();
    let connector = h2(&format!("http://{}", origin.address()), 4);
    let mut all = clients(&connector, 10).await;
    assert_eq!(connector.opened(), 3);
    let answers = join_all(all.iter_mut().enumerate().map(async |(number, connection)| {
        let answer = connection
            .send(get(&format!("/nonce/{number}")), PATIENT)
            .await
            .unwrap();
        assert_eq!(answer.body, format!(r#"{{"nonce":"{number}"}}"#));
    }));
    assert_eq!(answers.await.len(), 10);
    assert_eq!((connector.opened(), connector.reconnects()), (3, 0));
    // Whose clients are gone has room again.
    drop(all);
    clients(&connector, 4).await;
    assert_eq!(connector.opened(), 4);
}

#[tokio::test(flavor = "local")]
async fn streams_of_one_connection_do_not_wait_for_each_other() {
    let origin = origin();
    let connector = h2(&format!("http://{}", origin.address()), 32);
    let mut all = clients(&connector, 20).await;
    let begun = Instant::now();
    join_all(
        all.iter_mut()
            .map(async |connection| connection.send(get("/delay/1000"), PATIENT).await.unwrap()),
    )
    .await;
    // One after the other they would take 20 s.
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(connector.opened(), 1);
}

#[tokio::test(flavor = "local")]
async fn uploads_and_large_answers_come_whole() {
    let origin = origin();
    let connector = h2(&format!("http://{}", origin.address()), 1);
    let mut connection = Connection::open(&connector).await.unwrap();
    let pieces = || (0..64u8).map(|number| Bytes::from(vec![number; 40_000]));
    let whole: Vec<u8> = pieces().flatten().collect();
    let answer = connection
        .send(post("/echo", Body::chunks(pieces(), None)), PATIENT)
        .await
        .unwrap();
    assert!(answer.body == whole, "{} bytes came back", answer.body.len());
}

/// A server that answers with the authority that was asked for, and resets the stream after that where it is `broken`.
async fn resetting(broken: bool) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let name = request.uri().authority().expect("HTTP/2 names it").to_string();
                let first = stream::iter([Ok(Frame::data(Bytes::from(name)))]);
                // A reset takes along what has not been written yet.
                let reset = stream::once(Box::pin(async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Err(io::Error::other("reset it"))
                }));
                let body = StreamBody::new(first.chain(reset.take(usize::from(broken))));
                std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(body)))
            });
            tokio::spawn(http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

#[tokio::test(flavor = "local")]
async fn a_stream_reset_within_its_body_is_truncated() {
    let address = resetting(true).await;
    let connector = h2(&format!("http://{address}"), 8);
    let mut connection = Connection::open(&connector).await.unwrap();
    for _ in 0..3 {
        let failure = connection.send(get("/"), PATIENT).await.unwrap_err();
        assert_eq!(failure.kind, "truncated", "{failure}");
    }
    assert_eq!(connector.opened(), 1, "a reset stream leaves its connection alone");
}

#[tokio::test(flavor = "local")]
async fn the_authority_is_the_targets_unless_the_request_brings_a_host() {
    let address = resetting(false).await;
    let connector = h2(&format!("http://{address}"), 8);
    let mut connection = Connection::open(&connector).await.unwrap();
    assert_eq!(
        connection.send(get("/"), PATIENT).await.unwrap().body,
        address.to_string()
    );
    let named = Request::get("/")
        .header("host", "news.example")
        .body(Body::empty())
        .unwrap();
    assert_eq!(connection.send(named, PATIENT).await.unwrap().body, "news.example");
}

#[tokio::test(flavor = "local")]
async fn a_lost_connection_is_opened_again_once_for_all() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connector = h2(&format!("http://{address}"), 8);
    let serve = || async {
        let (stream, _) = listener.accept().await.unwrap();
        let service = service_fn(async |_| Ok::<_, std::convert::Infallible>(Response::new("ok".to_owned())));
        let serving = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
        std::iter::once(tokio::spawn(serving))
    };
    let (mut all, mut first) = tokio::join!(clients(&connector, 5), serve());
    let first = first.next().unwrap();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    // The clients have not noticed yet; a request that cannot go out any more is sent on the next connection.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let asked = join_all(
        all.iter_mut()
            .map(async |connection| connection.send(get("/"), PATIENT).await),
    );
    let (answers, _second) = tokio::join!(asked, serve());
    for answer in answers {
        assert_eq!(answer.unwrap().status, StatusCode::OK);
    }
    assert_eq!((connector.opened(), connector.reconnects()), (2, 1));
}

#[tokio::test(flavor = "local")]
async fn a_late_answer_leaves_the_connection_to_the_others() {
    let origin = origin();
    let connector = h2(&format!("http://{}", origin.address()), 8);
    let mut all = clients(&connector, 2).await;
    let failure = all[0]
        .send(get("/delay/600000"), Duration::from_millis(50))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, "timeout", "{failure}");
    for connection in &mut all {
        connection.send(get("/"), PATIENT).await.unwrap();
    }
    assert_eq!((connector.opened(), connector.reconnects()), (1, 0));
}

#[tokio::test(flavor = "local")]
async fn leaving_a_connection_of_ones_own_opens_another() {
    let origin = origin();
    let connector = h2(&format!("http://{}", origin.address()), 1);
    let mut connection = Connection::open(&connector).await.unwrap();
    connection.send(get("/"), PATIENT).await.unwrap();
    connection.disconnect();
    connection.send(get("/"), PATIENT).await.unwrap();
    assert_eq!((connector.opened(), connector.reconnects()), (2, 0));
}

#[tokio::test(flavor = "local")]
async fn a_streamed_answer_shares_its_connection() {
    let origin = origin();
    let connector = h2(&format!("http://{}", origin.address()), 8);
    let mut connection = Connection::open(&connector).await.unwrap();
    let mut stream = connection
        .send_streaming(get("/sse?n=2&every=1"), PATIENT)
        .await
        .unwrap();
    connection.send(get("/"), PATIENT).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = stream.next().await {
        text.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(String::from_utf8_lossy(&text).matches("data: ").count(), 2);
    assert_eq!(connector.opened(), 1);
}
