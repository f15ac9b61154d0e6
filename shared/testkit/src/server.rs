//! Serving a router in a test.

use axum::Router;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// Serves `router` on a free port of 127.0.0.1 until the test's runtime ends; the address.
///
/// Handlers find the peer's address as `axum::extract::ConnectInfo<SocketAddr>`.
///
/// # Panics
/// If no port can be bound.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("the port");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.expect("serving works") });
    address
}
