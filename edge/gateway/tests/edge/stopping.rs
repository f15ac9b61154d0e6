//! A request that comes in pieces while the edge stops: kept connections are heard for a moment more.

use crate::{
    origins::Origin,
    sockets::field,
    support::{Edge, PATIENCE, Setup},
};
use rustix::process::Signal;
use shared_testkit::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const HEAD: (&[u8], &[u8]) = (b"GET /api/posts/health HTT", b"P/1.1\r\nhost: one.example\r\n\r\n");

async fn edge() -> (Setup, Origin, Edge) {
    let (setup, posts) = Setup::new().origin("POSTS").await;
    let edge = setup.start().await;
    (setup, posts, edge)
}

/// A connection that has had an answer already.
async fn kept(edge: &Edge) -> TcpStream {
    let mut stream = TcpStream::connect(edge.public).await.unwrap();
    stream.write_all(&[HEAD.0, HEAD.1].concat()).await.unwrap();
    let mut answer = Vec::new();
    let read = async {
        while !is_whole(&answer) {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
        }
    };
    timeout(PATIENCE, read).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    stream
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = field(&text, "content-length").map(|length| length.parse().unwrap());
    length.map_or(
        head.contains("chunked") && body.ends_with("0\r\n\r\n"),
        |length: usize| body.len() == length,
    )
}

async fn stops(edge: &Edge) {
    edge.signal(Signal::TERM);
    let public = edge.public;
    eventually(PATIENCE, || async move { TcpStream::connect(public).await.is_err() }).await;
}

/// Sends the rest; the answer is the last one.
async fn is_answered(mut stream: TcpStream, rest: &[&[u8]]) {
    for piece in rest {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
    read.expect("an end").expect("no reset");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_which_half_has_come_is_waited_for() {
    let (_setup, _posts, mut edge) = edge().await;
    let (mut first, mut second) = (TcpStream::connect(edge.public).await.unwrap(), kept(&edge).await);
    for stream in [&mut first, &mut second] {
        stream.set_nodelay(true).unwrap();
        stream.write_all(HEAD.0).await.unwrap();
    }
    eventually(PATIENCE, || async { edge.status().await["connections"] == 2 }).await;
    stops(&edge).await;
    tokio::join!(is_answered(first, &[HEAD.1]), is_answered(second, &[HEAD.1]));
    assert!(edge.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_begins_right_after_the_stop_is_answered() {
    let (_setup, _posts, mut edge) = edge().await;
    let stream = kept(&edge).await;
    stream.set_nodelay(true).unwrap();
    stops(&edge).await;
    is_answered(stream, &[HEAD.0, HEAD.1]).await;
    assert!(edge.ended().await.success());
}
