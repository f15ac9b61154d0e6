//! Where a connection becomes requests: counts it, bounds its heads, and hands each request to the proxy.

use crate::{
    connections::{ConnectionGuard, Connections},
    edge::Edge,
    proxy::EdgeProxy,
};
use async_trait::async_trait;
use pingora_core::{
    apps::{HttpServerApp, ReusedHttpStream, ServerApp},
    protocols::{Stream, http::ServerSession},
    server::ShutdownWatch,
};
use pingora_proxy::HttpProxy;
use pingora_timeout::timeout;
use std::{
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    time::Duration,
};

/// An idle client connection is kept this long, seconds.
pub(crate) const KEEP_ALIVE_SECONDS: u64 = 60;

/// The application behind the public listener.
pub(crate) struct Front {
    /// Answers requests.
    pub(crate) proxy: Arc<HttpProxy<EdgeProxy>>,
    /// Who holds how many connections.
    pub(crate) connections: Arc<Connections>,
    /// Says how long a request head may take.
    pub(crate) edge: Arc<Edge>,
}

/// Told when a request's head is complete. It travels as the connection's user context, which Pingora hands to
/// [`EdgeProxy`] right after it has read the head.
#[derive(Clone)]
pub(crate) struct HeadArrived {
    told: Arc<AtomicBool>,
    connection: Arc<ConnectionGuard>,
}

impl HeadArrived {
    /// The head is complete. What comes back keeps its connection counted, for as long as it is held.
    pub(crate) fn tell(self) -> Arc<ConnectionGuard> {
        self.told.store(true, Release);
        self.connection
    }

    fn is_told(&self) -> bool {
        self.told.load(Acquire)
    }
}

impl Front {
    /// One request, which may begin as late as `idle`. Pingora bounds each read of a head and never the whole, so a
    /// client that sends a byte now and then would hold its connection for ever.
    async fn serve(
        &self,
        mut session: ServerSession,
        idle: Duration,
        connection: &Arc<ConnectionGuard>,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let head = HeadArrived {
            told: Arc::default(),
            connection: Arc::clone(connection),
        };
        session.set_connection_user_context(Some(Box::new(head.clone())));
        let header_timeout = self.edge.generation.load().header_timeout;
        session.set_read_timeout(Some(header_timeout));
        let mut served = self.proxy.process_new_http(session, shutdown);
        match timeout(idle + header_timeout, &mut served).await {
            Ok(reusable) => reusable,
            Err(_) if head.is_told() => served.await,
            Err(_) => None,
        }
    }
}

#[async_trait]
impl ServerApp for Front {
    async fn process_new(self: &Arc<Self>, stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        let digest = stream.get_socket_digest()?;
        let address = digest.peer_addr()?.as_inet()?.ip();
        let connection = Arc::new(self.connections.enter(address)?);
        let mut session = ServerSession::new_http1(stream);
        session.set_keepalive(None);
        let mut idle = Duration::ZERO;
        loop {
            let (stream, settings) = self.serve(session, idle, &connection, shutdown).await?.consume();
            session = ServerSession::new_http1(stream);
            if let Some(settings) = settings {
                settings.apply_to_session(&mut session);
            }
            // The next head may be a while in coming.
            idle = Duration::from_secs(KEEP_ALIVE_SECONDS);
        }
    }

    async fn cleanup(&self) {
        self.proxy.http_cleanup().await;
    }
}
