//! The service behind the public listeners: Pingora's proxy, with the edge's way to begin a connection on both sides.

use crate::{
    edge::Edge,
    front::{Front, Proxy},
    proxy::EdgeProxy,
    upstream::Dialer,
};
use pingora_core::{apps::HttpServerOptions, server::configuration::ServerConf, services::listening::Service};
use pingora_proxy::{ProcessCustomSession, ProxyServiceBuilder};
use std::sync::Arc;

/// Idle connections to services kept, each worker thread.
pub(crate) const KEPT_CONNECTIONS: usize = 256;

/// See the module. `front` begins connections of clients.
pub(crate) fn service(conf: &Arc<ServerConf>, edge: &Arc<Edge>, front: Front) -> Service<Proxy> {
    let front = Arc::new(front);
    let serve: ProcessCustomSession<EdgeProxy, Dialer> = Arc::new(move |proxy, stream, shutdown| {
        let (front, shutdown) = (Arc::clone(&front), shutdown.clone());
        Box::pin(async move { front.serve(proxy, stream, shutdown).await })
    });
    // Every connection goes to `serve`, before anything of it was read.
    let mut options = HttpServerOptions::default();
    options.force_custom = true;
    let dialer = Dialer::new(KEPT_CONNECTIONS, &edge.parts.identities);
    ProxyServiceBuilder::new(conf, EdgeProxy(Arc::clone(edge)))
        .name("edge")
        .custom(dialer, serve)
        .server_options(options)
        .build()
}
