//! HTTP against real servers: built-in ones, and some that misbehave byte by byte.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
mod h1;
mod h2;
mod tls;

use bench_load::protocol::{Body, Options, Version};
use http::Request;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Longer than any healthy answer takes on a busy machine.
const PATIENT: Duration = Duration::from_secs(60);

fn version(version: Version) -> Options {
    Options {
        version,
        ..Options::default()
    }
}

fn post(path: &str, body: Body) -> Request<Body> {
    Request::post(path).body(body).expect("a request")
}

/// A server that gives each connection its own list of answers, one for each request head that comes in, and closes it after
/// the last one. Connections beyond the lists are refused an answer.
async fn scripted(connections: &'static [&'static [&'static str]]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::task::spawn_local(async move {
        for answers in connections {
            let (mut stream, _) = listener.accept().await?;
            tokio::task::spawn_local(async move {
                let mut head = Vec::new();
                for answer in *answers {
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await?);
                    }
                    head.clear();
                    stream.write_all(answer.as_bytes()).await?;
                }
                stream.shutdown().await
            });
        }
        std::io::Result::Ok(())
    });
    address
}
