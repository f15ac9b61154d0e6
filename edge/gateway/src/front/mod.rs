//! Where a connection becomes requests: counts it, finds out what it speaks, and hands each request to the proxy. What
//! cannot become a request is refused here.

mod h2;
mod io;
mod opened;
mod opening;
pub(crate) mod refusal;
mod stream;
mod wait;
mod wire;

pub(crate) use stream::{ClientStream, lines_within};
pub(crate) use wire::{At, Wire};

use crate::{connections::Connections, edge::Edge, proxy::EdgeProxy, tls::TlsEnd, upstream::Dialer};
use edge_config::Listeners;
use opened::Opened;
use opening::Opening;
use pingora_core::{
    apps::HttpServerApp,
    protocols::{ALPN, Shutdown, SocketDigest, Stream, http::ServerSession},
    server::ShutdownWatch,
};
use pingora_proxy::HttpProxy;
use pingora_timeout::timeout;
use std::{
    mem,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};
use stream::Bounds;

/// Answers requests.
pub(crate) type Proxy = HttpProxy<EdgeProxy, Dialer>;

/// Behind the public listeners.
pub(crate) struct Front {
    /// Who holds how many connections.
    pub(crate) connections: Arc<Connections>,
    /// Says how long a request head may take.
    pub(crate) edge: Arc<Edge>,
    /// Its two listeners.
    pub(crate) listeners: Listeners,
}

impl Front {
    /// Whether a connection came for TLS, and whether it begins with a header that names the client.
    fn listener(&self, socket: &SocketDigest) -> (bool, bool) {
        let http = (false, self.listeners.http.proxy_protocol);
        let Some(https) = &self.listeners.https else {
            return http;
        };
        let local = socket.local_addr().and_then(|local| local.as_inet());
        let came_for = |bind: SocketAddr| {
            local.is_some_and(|local| {
                local.port() == bind.port() && (bind.ip().is_unspecified() || local.ip().to_canonical() == bind.ip())
            })
        };
        match came_for(https.bind) {
            true => (true, https.proxy_protocol),
            false => http,
        }
    }

    /// Shakes hands, with the certificates of this moment.
    async fn shake_hands(&self, stream: Stream, bytes: Vec<u8>, within: Duration) -> Option<TlsEnd> {
        let metrics = &self.edge.metrics;
        let configs = self.edge.generation.load().tls.as_ref()?.configs.clone();
        match timeout(within, TlsEnd::accept(&configs, stream, bytes)).await {
            Ok(Ok(client)) => {
                metrics.handshakes.add();
                if client.is_resumed() {
                    metrics.handshakes_resumed.add();
                }
                return Some(client);
            }
            // Port scanners do it all day.
            Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
            Err(_) => tracing::debug!("no TLS in time"),
        }
        metrics.handshakes_failed.add();
        None
    }
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
    fn bounds(&self) -> Bounds {
        let generation = self.edge.generation.load();
        Bounds {
            header_timeout: generation.header_timeout,
            head: generation.head_limits,
            floor: generation.floor,
            keep_alive: generation.keep_alive,
        }
    }

    /// Whom a balancer in front names as the client, and what was read behind its header. A connection that should have one
    /// and has none, or comes from elsewhere, ends.
    async fn proxied(
        &self,
        stream: &mut Stream,
        peer: IpAddr,
        has_header: bool,
        within: Duration,
    ) -> Option<(Option<SocketAddr>, Vec<u8>)> {
        if !has_header {
            return Some((None, Vec::new()));
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
    async fn http1(
        &self,
        proxy: &Arc<Proxy>,
        client: ClientStream,
        wire: &Arc<Wire>,
        mut shutdown: ShutdownWatch,
    ) -> Option<Stream> {
        let mut session = ServerSession::new_http1(Box::new(client));
        session.set_keepalive(None);
        loop {
            session.set_connection_user_context(Some(Box::new(HeadArrived(Arc::clone(wire)))));
            // Whoever is waited for is waited for in `ClientStream`.
            session.set_read_timeout(None);
            let reusable = proxy.process_new_http(session, &shutdown).await?;
            let (stream, settings) = reusable.consume();
            let mut client = stream.into_any().downcast::<ClientStream>().ok()?;
            if !client.next(self.bounds(), &mut shutdown).await {
                client.shutdown().await;
                return None;
            }
            session = ServerSession::new_http1(client);
            if let Some(settings) = settings {
                settings.apply_to_session(&mut session);
            }
        }
    }
}

impl Front {
    /// Serves a connection to its end.
    pub(crate) async fn serve(&self, proxy: Arc<Proxy>, mut stream: Stream, shutdown: ShutdownWatch) -> Option<Stream> {
        let began = Instant::now();
        let bounds = self.bounds();
        let guard = self.connections.enter()?;
        let socket = stream.get_socket_digest()?;
        let peer = socket.peer_addr()?.as_inet()?.ip();
        let (has_tls, has_header) = self.listener(&socket);
        let (proxied, mut bytes) = { self.proxied(&mut stream, peer, has_header, bounds.header_timeout) }.await?;
        let guard = guard.belongs_to(proxied.map_or(peer, |client| client.ip()))?;
        let within = || bounds.header_timeout.saturating_sub(began.elapsed());
        if has_tls {
            let before = mem::take(&mut bytes);
            stream = Box::new(self.shake_hands(stream, before, within()).await?);
        }
        bytes.reserve(opening::ROOM);
        let Opening { bytes, is_h2 } = opening::protocol(&mut stream, bytes, within()).await?;
        let is_h2 = is_h2 || stream.selected_alpn_proto() == Some(ALPN::H2);
        let mut lines = stream::lines(&bounds);
        let opened = match is_h2 {
            true => Opened::without_head(bytes),
            false => Opened::head(&mut stream, bytes, &mut lines, within()).await,
        };
        let wire = Arc::new(Wire::new(guard, self.edge.access_log.clone()));
        let mut client = ClientStream::new(stream, Arc::clone(&wire), proxied, bounds, opened, (lines, began));
        if is_h2 {
            client.speaks_h2();
            h2::serve(&self.edge, &proxy, client, &wire, shutdown, bounds).await;
            return None;
        }
        self.http1(&proxy, client, &wire, shutdown).await
    }
}
