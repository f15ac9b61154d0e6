//! Upgrades byte by byte: origins and clients that write what they like, when they like.

use crate::support::PATIENCE;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// RFC 6455, section 1.3.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const PATH: &str = "/notifications/socket.io/?EIO=4&transport=websocket";

/// An origin that reads the head of each connection and hands it on, for as long as the test runs.
pub(crate) async fn origin<S, F>(serve: S) -> SocketAddr
where
    S: Fn(String, TcpStream) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let serve = Arc::clone(&serve);
            tokio::spawn(async move {
                stream.set_nodelay(true).unwrap();
                if let Some(head) = read_head(&mut stream).await {
                    serve(head, stream).await;
                }
            });
        }
    });
    address
}

/// An origin that switches at once, says `first` in the same segment, and then says what it hears.
pub(crate) async fn echo(first: &'static str) -> SocketAddr {
    origin(move |head, mut stream| async move {
        let answer = switching(&head) + first;
        if stream.write_all(answer.as_bytes()).await.is_ok() {
            let (mut from, mut to) = stream.split();
            let _ = tokio::io::copy(&mut from, &mut to).await;
        }
    })
    .await
}

/// The `101` to a request's head.
pub(crate) fn switching(head: &str) -> String {
    let accept = derive_accept_key(field(head, "sec-websocket-key").unwrap().as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\r\n"
    )
}

/// A field of a head.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Reads a head, and nothing that follows it.
async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A client's connection.
pub(crate) struct Socket(pub(crate) TcpStream);

impl Socket {
    /// Connects.
    pub(crate) async fn connect(edge: SocketAddr) -> Self {
        let stream = TcpStream::connect(edge).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Asks for an upgrade, with more fields, and bytes that do not wait for the answer.
    pub(crate) async fn ask(&mut self, fields: &str, early: &str) {
        self.ask_with(fields, early.as_bytes()).await;
    }

    /// The same with any bytes.
    pub(crate) async fn ask_with(&mut self, fields: &str, early: &[u8]) {
        let head = format!(
            "GET {PATH} HTTP/1.1\r\nhost: feed.example\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n{fields}\r\n"
        );
        let whole = [head.as_bytes(), early].concat();
        self.0.write_all(&whole).await.unwrap();
    }

    /// The next head of an answer.
    pub(crate) async fn answer(&mut self) -> String {
        let head = timeout(PATIENCE, read_head(&mut self.0)).await.expect("an answer");
        head.expect("an answer before the end")
    }

    /// Opens a tunnel; comes back with the answer's head.
    pub(crate) async fn open(edge: SocketAddr, fields: &str) -> (Self, String) {
        let mut socket = Self::connect(edge).await;
        socket.ask(fields, "").await;
        let answer = socket.answer().await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        (socket, answer)
    }

    /// The next bytes, which must be these.
    pub(crate) async fn hears(&mut self, expected: &str) {
        let mut heard = vec![0; expected.len()];
        let read = timeout(PATIENCE, self.0.read_exact(&mut heard))
            .await
            .expect("bytes in time");
        assert!(read.is_ok(), "cut: {read:?}");
        assert_eq!(String::from_utf8_lossy(&heard), expected);
    }

    /// All until the other side closes, which it must do in an orderly way.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = String::new();
        timeout(PATIENCE, self.0.read_to_string(&mut rest))
            .await
            .expect("an end")
            .expect("no reset");
        rest
    }

    pub(crate) async fn says(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }
}
