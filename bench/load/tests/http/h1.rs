//! HTTP/1.1.

use super::{PATIENT, post, scripted};
use crate::common::{connector, get, origin};
use bench_load::{
    Failure,
    protocol::{Answer, Body, Connection, Connector, Options},
};
use bytes::Bytes;
use futures::stream;
use http::{Request, StatusCode, header};
use http_body_util::StreamBody;
use std::{net::SocketAddr, time::Duration};

async fn open(address: SocketAddr) -> (Connector, Connection) {
    let connector = connector(&format!("http://{address}"), Options::default());
    let connection = Connection::open(&connector).await.expect("it listens");
    (connector, connection)
}

async fn ask(connection: &mut Connection) -> Result<Answer, Failure> {
    connection.send(get("/"), PATIENT).await
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test(flavor = "local")]
async fn one_connection_serves_request_after_request() {
    let origin = origin();
    let (connector, mut connection) = open(origin.address()).await;
    for number in 0..20 {
        let answer = connection
            .send(get(&format!("/nonce/{number}")), PATIENT)
            .await
            .unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body, format!(r#"{{"nonce":"{number}"}}"#));
        assert_eq!(answer.sent, connection.last_sent());
    }
    assert_eq!((connector.opened(), connector.reconnects()), (1, 0));
}

#[tokio::test(flavor = "local")]
async fn a_large_body_comes_whole() {
    let origin = origin();
    let (_, mut connection) = open(origin.address()).await;
    let answer = connection.send(get("/bytes/3000000"), PATIENT).await.unwrap();
    assert_eq!(answer.body.len(), 3_000_000);
    let wrong = answer
        .body
        .iter()
        .enumerate()
        .find(|(at, byte)| usize::from(**byte) != at % 251);
    assert_eq!(wrong, None);
}

#[tokio::test(flavor = "local")]
async fn uploads_go_whole_or_in_chunks() {
    let origin = origin();
    let (connector, mut connection) = open(origin.address()).await;
    let pieces = || (0..64u8).map(|number| Bytes::from(vec![number; 10_000]));
    let whole: Vec<u8> = pieces().flatten().collect();
    let frames = pieces().map(|piece| Ok(hyper::body::Frame::data(piece)));
    for body in [
        Body::from(whole.clone()),
        Body::chunks(pieces(), Some(640_000)),
        Body::chunks(pieces(), None),
        Body::stream(StreamBody::new(stream::iter(frames))),
    ] {
        let answer = connection.send(post("/echo", body), PATIENT).await.unwrap();
        assert!(answer.body == whole, "{} bytes came back", answer.body.len());
    }
    assert_eq!(connector.opened(), 1);
}

#[tokio::test(flavor = "local")]
async fn a_body_shorter_than_announced_is_truncated() {
    let address = scripted(&[&["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive!"], &[OK]]).await;
    let (connector, mut connection) = open(address).await;
    let failure = ask(&mut connection).await.unwrap_err();
    assert_eq!(failure.kind, "truncated", "{failure}");
    // The client is usable again, and the loss of its connection is counted.
    assert_eq!(ask(&mut connection).await.unwrap().body, "ok");
    assert_eq!((connector.opened(), connector.reconnects()), (2, 1));
}

#[tokio::test(flavor = "local")]
async fn chunks_without_an_end_are_truncated() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    // Between two chunks, within one, and within a size.
    for cut in ["5\r\nfive!\r\n", "5\r\nfi", "5\r\nfive!\r\n5"] {
        let answer: &'static str = format!("{HEAD}{cut}").leak();
        let (_, mut connection) = open(scripted(vec![&*vec![answer].leak()].leak()).await).await;
        let failure = ask(&mut connection).await.unwrap_err();
        assert_eq!(failure.kind, "truncated", "{cut:?}: {failure}");
    }
    let whole: &'static str = format!("{HEAD}5\r\nfive!\r\n0\r\n\r\n").leak();
    let (_, mut connection) = open(scripted(vec![&*vec![whole].leak()].leak()).await).await;
    assert_eq!(ask(&mut connection).await.unwrap().body, "five!");
}

#[tokio::test(flavor = "local")]
async fn a_connection_that_ends_without_an_answer_is_closed() {
    for answer in ["", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\ncontent-len"] {
        let (_, mut connection) = open(scripted(vec![&*vec![answer].leak()].leak()).await).await;
        let failure = ask(&mut connection).await.unwrap_err();
        assert_eq!(failure.kind, "closed", "{answer:?}: {failure}");
    }
}

#[tokio::test(flavor = "local")]
async fn what_is_not_http_is_a_protocol_failure() {
    let (_, mut connection) = open(scripted(&[&["SSH-2.0-OpenSSH_9.2\r\n\r\n"]]).await).await;
    let failure = ask(&mut connection).await.unwrap_err();
    assert_eq!(failure.kind, "protocol", "{failure}");
}

#[tokio::test(flavor = "local")]
async fn an_idle_connection_that_the_target_closed_fails_nothing() {
    let address = scripted(&[&[OK], &[OK]]).await;
    let (connector, mut connection) = open(address).await;
    ask(&mut connection).await.unwrap();
    // The end arrives while nobody asks.
    tokio::time::sleep(Duration::from_millis(200)).await;
    ask(&mut connection).await.unwrap();
    assert_eq!((connector.opened(), connector.reconnects()), (2, 1));
}

#[tokio::test(flavor = "local")]
async fn a_target_may_say_that_it_closes() {
    const LAST: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
    let (connector, mut connection) = open(scripted(&[&[OK, LAST], &[OK]]).await).await;
    for _ in 0..3 {
        assert_eq!(ask(&mut connection).await.unwrap().body, "ok");
    }
    assert_eq!((connector.opened(), connector.reconnects()), (2, 1));
}

#[tokio::test(flavor = "local")]
async fn a_late_answer_is_given_up_and_never_taken_for_the_next() {
    let origin = origin();
    let (connector, mut connection) = open(origin.address()).await;
    let failure = connection
        .send(get("/delay/600000"), Duration::from_millis(50))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, "timeout", "{failure}");
    let answer = connection.send(get("/nonce/mine"), PATIENT).await.unwrap();
    assert_eq!(answer.body, r#"{"nonce":"mine"}"#);
    assert_eq!(connector.reconnects(), 1);
}

#[tokio::test(flavor = "local")]
async fn leaving_a_connection_is_no_reconnect() {
    let origin = origin();
    let (connector, mut connection) = open(origin.address()).await;
    ask(&mut connection).await.unwrap();
    connection.disconnect();
    ask(&mut connection).await.unwrap();
    assert_eq!((connector.opened(), connector.reconnects()), (2, 0));
}

#[tokio::test(flavor = "local")]
async fn a_target_that_is_gone_is_a_connect_failure() {
    let origin = origin();
    let (_, mut connection) = open(origin.address()).await;
    drop(origin);
    connection.disconnect();
    let failure = ask(&mut connection).await.unwrap_err();
    assert_eq!(failure.kind, "connect", "{failure}");
}

#[tokio::test(flavor = "local")]
async fn the_host_header_is_the_targets_unless_the_request_brings_one() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_, mut connection) = open(address).await;
    let (stream, _) = listener.accept().await.unwrap();
    tokio::task::spawn_local(hyper::server::conn::http1::Builder::new().serve_connection(
        hyper_util::rt::TokioIo::new(stream),
        hyper::service::service_fn(async |request: Request<hyper::body::Incoming>| {
            let host = request.headers()[header::HOST].to_str().unwrap().to_owned();
            Ok::<_, std::convert::Infallible>(http::Response::new(host))
        }),
    ));
    assert_eq!(ask(&mut connection).await.unwrap().body, address.to_string());
    let named = Request::get("/")
        .header(header::HOST, "news.example")
        .body(Body::empty())
        .unwrap();
    assert_eq!(connection.send(named, PATIENT).await.unwrap().body, "news.example");
}

#[tokio::test(flavor = "local")]
async fn a_streamed_answer_comes_piece_by_piece() {
    let origin = origin();
    let (connector, mut connection) = open(origin.address()).await;
    let mut stream = connection
        .send_streaming(get("/sse?n=3&every=1"), PATIENT)
        .await
        .unwrap();
    assert_eq!(stream.status, StatusCode::OK);
    // The stream has the connection; the client goes on with another.
    ask(&mut connection).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = stream.next().await {
        text.extend_from_slice(&piece.unwrap());
    }
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.matches(r#"data: {"n":"#).count(), 3, "{text}");
    assert_eq!((connector.opened(), connector.reconnects()), (2, 0));
}

#[tokio::test(flavor = "local")]
async fn a_stream_that_is_cut_says_so() {
    const PART: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfive!\r\n";
    let (_, mut connection) = open(scripted(&[&[PART]]).await).await;
    let mut stream = connection.send_streaming(get("/"), PATIENT).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "five!");
    assert_eq!(stream.next().await.unwrap().unwrap_err().kind, "truncated");
}
