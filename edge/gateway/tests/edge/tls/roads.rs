//! All that is spoken over plain connections is spoken over TLS.

use super::{BOTH, TLS13, world, world_of};
use crate::{
    origins::Origin,
    streams::{NO_PROBES, socket_origin},
    support::{PATIENCE, Setup},
};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use shared_testkit::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use tokio_tungstenite::{client_async, tungstenite::Message};

#[tokio::test(flavor = "multi_thread")]
async fn http2_is_agreed_on() {
    let world = world("", "", "").await;
    let connector = world.authority.client(&[&TLS13], b"h2", false);
    let stream = world.connect(&connector, "one.example").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://one.example/api/posts/health").body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let seen: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(seen["headers"]["x-forwarded-proto"][0], "https");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_one_by_one() {
    let setup = Setup::new();
    let comments = Origin::start("COMMENTS", &setup.tokens).await;
    let (setup, _auth) = setup.targets("COMMENTS", &[comments.address]).origin("AUTH").await;
    let token = setup.tokens.token(7, "ann");
    let world = world_of(setup, "", "", "").await;
    world.edge.knows_issuer().await;
    let mut stream = world.connect(&world.client(), "one.example").await.unwrap();
    let head =
        format!("GET /api/sse/comments/1 HTTP/1.1\r\nhost: one.example\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    for event in ["first", "second"] {
        comments.say(event).await;
        let read = async {
            while !String::from_utf8_lossy(&heard).contains(&format!("data: {event}")) {
                assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0);
            }
        };
        timeout(PATIENCE, read).await.unwrap();
    }
    drop(stream);
    eventually(PATIENCE, || async { world.edge.status().await["streams"] == 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_passes_through() {
    let (setup, _auth) = Setup::new().origin("AUTH").await;
    let setup = setup
        .targets("NOTIFICATIONS", &[socket_origin().await])
        .edit(NO_PROBES.0, NO_PROBES.1);
    let world = world_of(setup, "", "", "").await;
    let stream = world
        .connect(&world.authority.client(BOTH, b"http/1.1", false), "one.example")
        .await
        .unwrap();
    let url = "wss://one.example/notifications/socket.io/?EIO=4&transport=websocket";
    let (mut socket, _) = timeout(PATIENCE, client_async(url, stream)).await.unwrap().unwrap();
    let opened = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert_eq!(opened.as_str(), "/socket.io/?EIO=4&transport=websocket nobody");
    // More than TLS puts into one record.
    let long = "x".repeat(100_000);
    for text in ["hello", &long] {
        socket.send(Message::text(text)).await.unwrap();
        let heard = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(heard.into_text().unwrap().as_str(), text);
    }
    socket.close(None).await.unwrap();
    eventually(PATIENCE, || async { world.edge.status().await["streams"] == 0 }).await;
}
