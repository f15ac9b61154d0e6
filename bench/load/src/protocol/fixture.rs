//! Servers for tests.

use super::{Connector, Options, Target};
use axum::Router;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};

/// A connector for HTTP/1.1.
pub(super) fn connector(address: SocketAddr) -> Connector {
    connector_with(&format!("http://{address}"), Options::default())
}

/// Any connector.
pub(super) fn connector_with(url: &str, options: Options) -> Connector {
    Connector::new(Target::parse(url).unwrap(), options).unwrap()
}

/// Serves a router on a free port until the test ends.
pub(super) async fn serve(router: Router) -> Connector {
    let listener = listen().await;
    let connector = connector(listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    connector
}

/// Hands each connection to `serve`.
pub(super) async fn accept<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Connector
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = listen().await;
    let connector = connector(listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    connector
}

pub(super) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
