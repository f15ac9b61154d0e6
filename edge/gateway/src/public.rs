//! The service behind the public listeners: Pingora's proxy, with the edge's way to begin a connection on both sides.

use crate::{
    drain,
    edge::Edge,
    front::{Front, Proxy},
    proxy::EdgeProxy,
    upstream::Dialer,
};
use async_trait::async_trait;
use pingora_core::{
    apps::HttpServerOptions,
    listeners::ListenerConfig,
    server::{ListenFds, ShutdownWatch, configuration::ServerConf},
    services::{Service as Runs, listening::Service},
};
use pingora_proxy::{ProcessCustomSession, ProxyServiceBuilder};
use std::sync::{Arc, OnceLock};
use tokio::{sync::watch, time::sleep};

/// Idle connections to services kept, each worker thread.
pub(crate) const KEPT_CONNECTIONS: usize = 256;

/// See the module.
///
/// Pingora ends idle connections when listeners close. Clients that are about to send shall get an answer, which tells them that the
/// connection ends: so both come a little after connections were told that the edge stops.
pub(crate) struct Public {
    service: Service<Proxy>,
    stops: Arc<OnceLock<ShutdownWatch>>,
}

impl Public {
    /// `front` begins connections of clients.
    pub(crate) fn new(conf: &Arc<ServerConf>, edge: &Arc<Edge>, front: Front) -> Self {
        let (front, stops) = (Arc::new(front), Arc::new(OnceLock::<ShutdownWatch>::new()));
        let told = Arc::clone(&stops);
        let serve: ProcessCustomSession<EdgeProxy, Dialer> = Arc::new(move |proxy, stream, later| {
            let (front, stops) = (Arc::clone(&front), told.get().unwrap_or(later).clone());
            Box::pin(async move { front.serve(proxy, stream, stops).await })
        });
        // Every connection goes to `serve`, before anything of it was read.
        let mut options = HttpServerOptions::default();
        options.force_custom = true;
        let dialer = Dialer::new(KEPT_CONNECTIONS, &edge.parts.identities);
        let service = ProxyServiceBuilder::new(conf, EdgeProxy(Arc::clone(edge)))
            .name("edge")
            .custom(dialer, serve)
            .server_options(options)
            .build();
        Self { service, stops }
    }

    /// Listens there too.
    pub(crate) fn listen(&mut self, listener: ListenerConfig) {
        self.service.add_listener(listener);
    }
}

#[async_trait]
impl Runs for Public {
    async fn start_service(&mut self, fds: Option<ListenFds>, shutdown: ShutdownWatch, listeners_per_fd: usize) {
        let (tell, later) = watch::channel(false);
        let mut stops = shutdown.clone();
        // It is started once.
        let _ = self.stops.set(shutdown);
        tokio::spawn(async move {
            // Whoever would tell it may be gone, which is an end too.
            let _ = stops.wait_for(|stops| *stops).await;
            sleep(drain::IDLE).await;
            let _ = tell.send(true);
        });
        Runs::start_service(&mut self.service, fds, later, listeners_per_fd).await;
    }

    fn name(&self) -> &str {
        Runs::name(&self.service)
    }

    fn threads(&self) -> Option<usize> {
        Runs::threads(&self.service)
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        Runs::listen_addresses(&self.service)
    }
}
