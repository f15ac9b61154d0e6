//! Where a connection becomes requests: counts it, finds out what it speaks, and hands each request to the proxy. What
//! cannot become a request is refused here.

mod full;
mod h2;
mod io;
mod opening;
pub(crate) mod refusal;
mod stream;
mod wait;
mod wire;

pub(crate) use stream::{ClientStream, lines_within};
pub(crate) use wire::{At, Wire};

use crate::{connections::Connections, drain, edge::Edge, proxy::EdgeProxy};
use async_trait::async_trait;
use full::Full;
use pingora_core::{
    apps::{HttpServerApp, ServerApp},
    protocols::{ALPN, Stream, http::ServerSession},
    server::ShutdownWatch,
};
use pingora_proxy::HttpProxy;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};
use stream::Bounds;
use tokio::time::sleep;

/// The application behind the public listener.
pub(crate) struct Front {
    /// Answers requests.
    proxy: Arc<HttpProxy<EdgeProxy>>,
    /// Who holds how many connections.
    connections: Arc<Connections>,
    /// Says how long a request head may take.
    edge: Arc<Edge>,
    /// Whether connections begin with a header that names the client.
    proxy_protocol: bool,
    full: Full,
}

/// Told when a request's head is complete. It travels as the connection's user context, which Pingora hands to
/// [`EdgeProxy`] right after it has read the head.
pub(crate) struct HeadArrived(Arc<Wire>);

impl HeadArrived {
    /// The head is complete; whether a body is still to come. What comes back keeps its connection counted, for as long
    /// as it is held.
    pub(crate) fn tell(self, is_whole: bool) -> Arc<Wire> {
        self.0.is_at(if is_whole { At::Answer } else { At::Body });
        self.0
    }
}

impl Front {
    /// Nobody is connected yet.
    pub(crate) fn new(
        proxy: HttpProxy<EdgeProxy>,
        connections: Arc<Connections>,
        edge: Arc<Edge>,
        proxy_protocol: bool,
    ) -> Self {
        Self {
            proxy: Arc::new(proxy),
            connections,
            edge,
            proxy_protocol,
            full: Full::default(),
        }
    }

    fn bounds(&self) -> Bounds {
        let generation = self.edge.generation.load();
        Bounds {
            header_timeout: generation.header_timeout,
            head: generation.head_limits,
            floor: generation.floor,
        }
    }

    /// Whom a balancer in front names as the client, and what was read behind its header. A connection that should have one
    /// and has none, or comes from elsewhere, ends.
    async fn proxied(
        &self,
        stream: &mut Stream,
        peer: IpAddr,
        within: Duration,
    ) -> Option<(Option<SocketAddr>, Vec<u8>)> {
        if !self.proxy_protocol {
            return Some((None, Vec::with_capacity(opening::ROOM)));
        }
        let peer = peer.to_canonical();
        let is_trusted = {
            let generation = self.edge.generation.load();
            generation.trusted_proxies.iter().any(|network| network.contains(&peer))
        };
        let header = if is_trusted {
            opening::client(stream, within).await
        } else {
            None
        };
        if header.is_none() {
            tracing::debug!(%peer, is_trusted, "connection refused: no header of the PROXY protocol");
        }
        header
    }

    /// One request after the other.
    async fn http1(&self, client: ClientStream, wire: &Arc<Wire>, shutdown: &ShutdownWatch) -> Option<Stream> {
        let mut session = ServerSession::new_http1(Box::new(client));
        session.set_keepalive(None);
        loop {
            session.set_connection_user_context(Some(Box::new(HeadArrived(Arc::clone(wire)))));
            // Whoever is waited for is waited for in `ClientStream`.
            session.set_read_timeout(None);
            let reusable = self.proxy.process_new_http(session, shutdown).await?;
            let (stream, settings) = reusable.consume();
            let mut client = stream.into_any().downcast::<ClientStream>().ok()?;
            client.next(self.bounds());
            session = ServerSession::new_http1(client);
            if let Some(settings) = settings {
                settings.apply_to_session(&mut session);
            }
        }
    }
}

#[async_trait]
impl ServerApp for Front {
    async fn process_new(self: &Arc<Self>, mut stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        let began = Instant::now();
        let bounds = self.bounds();
        let peer = stream.get_socket_digest()?.peer_addr()?.as_inet()?.ip();
        let Some(guard) = self.connections.enter() else {
            // Boxed, as few come here.
            Box::pin(self.full.tell(stream, peer, &self.edge)).await;
            return None;
        };
        let (proxied, bytes) = self.proxied(&mut stream, peer, bounds.header_timeout).await?;
        let guard = guard.belongs_to(proxied.map_or(peer, |client| client.ip()))?;
        let within = bounds.header_timeout.saturating_sub(began.elapsed());
        let opening = opening::protocol(&mut stream, bytes, within).await?;
        let is_h2 = opening.is_h2 || stream.selected_alpn_proto() == Some(ALPN::H2);
        let wire = Arc::new(Wire::new(guard, self.edge.access_log.clone()));
        let mut client = ClientStream::new(stream, Arc::clone(&wire), proxied, bounds, opening.bytes, began);
        if is_h2 {
            client.speaks_h2();
            h2::serve(self, client, &wire, shutdown.clone(), bounds).await;
            return None;
        }
        self.http1(client, &wire, shutdown).await
    }

    async fn cleanup(&self) {
        // Clients that are about to send get an answer, which tells them that the connection ends.
        sleep(drain::IDLE).await;
        self.proxy.http_cleanup().await;
    }
}
