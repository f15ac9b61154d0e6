//! Connections to services, kept and new ones, with TLS or without. Every road to a service begins here; Pingora's own comes by
//! [`Connector`].

use super::peer::is_plain;
use crate::tls::Identities;
use async_trait::async_trait;
use pingora_core::{
    connectors::{
        ConnectorOptions, TransportConnector,
        http::custom::{Connection, Connector},
    },
    protocols::Stream,
    upstreams::peer::{HttpPeer, Peer},
};
use pingora_error::{Error, ErrorType, OrErr, Result};
use pingora_timeout::timeout;
use std::{any::Any, sync::Arc, time::Duration};

/// For a peer that does not say how long it may take; all of the edge's do.
const LONGEST: Duration = Duration::from_secs(10);

/// Connects to services. Connections belong to the runtime that made them: one dialer a runtime.
pub(crate) struct Dialer {
    connector: TransportConnector,
    identities: Arc<Identities>,
}

impl Dialer {
    /// One that keeps at most so many idle connections.
    pub(crate) fn new(kept: usize, identities: &Arc<Identities>) -> Self {
        Self {
            connector: TransportConnector::new(Some(ConnectorOptions::new(kept))),
            identities: Arc::clone(identities),
        }
    }

    /// A new connection.
    ///
    /// # Errors
    /// Nobody is there in time, or it is not who it should be.
    pub(crate) async fn dial(&self, peer: &HttpPeer) -> Result<Stream> {
        if is_plain(peer) {
            return self.connector.new_stream(peer).await;
        }
        let identity = self.identities.get(peer.group_key);
        let identity = identity.ok_or_else(|| Error::explain(ErrorType::InternalError, "an identity that is gone"))?;
        let name = || format!("no TLS with {} at {}", peer.sni, peer._address);
        let connected = async {
            let stream = self.connector.new_stream(peer).await?;
            let shaken = identity.shake_hands(&peer.sni, stream).await;
            // As if nobody were there: nothing was asked, and another may be.
            shaken.or_err_with(ErrorType::ConnectError, name)
        };
        let within = peer.total_connection_timeout().unwrap_or(LONGEST);
        let connected = timeout(within, connected).await;
        connected.unwrap_or_else(|_| Error::e_explain(ErrorType::ConnectTimedout, name() + " in time"))
    }

    /// A kept connection, or a new one; and whether it was kept.
    ///
    /// # Errors
    /// As [`Dialer::dial`].
    pub(crate) async fn get(&self, peer: &HttpPeer) -> Result<(Stream, bool)> {
        match self.connector.reused_stream(peer).await {
            Some(kept) => Ok((kept, true)),
            None => Ok((self.dial(peer).await?, false)),
        }
    }

    /// Keeps a connection for the next request to the same peer.
    pub(crate) fn keep(&self, stream: Stream, peer: &HttpPeer) {
        self.connector
            .release_stream(stream, peer.reuse_hash(), peer.idle_timeout());
    }
}

/// Pingora knows no other peers than those the edge gives it.
fn ours<P: Any>(peer: &P) -> Option<&HttpPeer> {
    (peer as &dyn Any).downcast_ref()
}

/// What Pingora asks for new connections with TLS; it keeps them itself.
#[async_trait]
impl Connector for Dialer {
    type Session = ();

    async fn get_http_session<P: Peer + Send + Sync + 'static>(&self, peer: &P) -> Result<(Connection<()>, bool)> {
        match ours(peer) {
            Some(peer) => Ok((Connection::Stream(self.dial(peer).await?), false)),
            None => Error::e_explain(ErrorType::InternalError, "not a peer of the edge's"),
        }
    }

    async fn reused_http_session<P: Peer + Send + Sync + 'static>(&self, _peer: &P) -> Option<()> {
        None
    }

    async fn release_http_session<P: Peer + Send + Sync + 'static>(&self, (): (), _peer: &P, _idle: Option<Duration>) {}
}
