//! Pingora's view of a target, with every timeout set: each of them is unlimited by default.

use super::Target;
use pingora_core::{protocols::TcpKeepalive, upstreams::peer::HttpPeer};
use std::time::Duration;

/// Bounds of one exchange with a target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerTimeouts {
    /// To open a connection.
    pub(crate) connect: Duration,
    /// Between two reads of the answer, its first included.
    pub(crate) read: Duration,
    /// For one write of the request.
    pub(crate) write: Duration,
    /// An unused connection is kept this long. Less than the services keep it, or requests meet a closing one.
    pub(crate) idle: Duration,
}

/// The peer for `target`: HTTP/1.1 without TLS, by resolved address (Pingora would resolve names while it blocks).
pub(crate) fn peer(target: &Target, timeouts: PeerTimeouts) -> HttpPeer {
    let mut peer = HttpPeer::new(target.address, false, String::new());
    let options = &mut peer.options;
    options.connection_timeout = Some(timeouts.connect);
    options.total_connection_timeout = Some(timeouts.connect);
    options.read_timeout = Some(timeouts.read);
    options.write_timeout = Some(timeouts.write);
    options.idle_timeout = Some(timeouts.idle);
    // Finds the peer that vanished without a word under a silent stream.
    options.tcp_keepalive = Some(TcpKeepalive {
        idle: Duration::from_secs(60),
        interval: Duration::from_secs(10),
        count: 3,
        #[cfg(target_os = "linux")]
        user_timeout: Duration::ZERO,
    });
    peer
}
