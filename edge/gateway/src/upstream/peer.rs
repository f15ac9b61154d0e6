//! Pingora's view of a target, with every timeout set: each of them is unlimited by default.

use super::{Pool, Target};
use pingora_core::{
    protocols::{ALPN, TcpKeepalive, tls::CustomALPN},
    upstreams::peer::HttpPeer,
};
use std::time::Duration;

/// Whose connections need no identity.
const PLAIN: u64 = 0;
/// Makes Pingora leave new connections to [`super::Dialer`]; nobody ever hears the word.
const OUR_TLS: &[u8] = b"edge";

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

/// Whether a peer is spoken to without TLS.
pub(super) fn is_plain(peer: &HttpPeer) -> bool {
    peer.group_key == PLAIN
}

/// The peer for a target of `pool`: HTTP/1.1, by resolved address (Pingora would resolve names while it blocks). It knows nothing of
/// TLS, whose place is in [`super::Dialer`]; the identity's number keeps connections of one apart from those of another.
pub(crate) fn peer(pool: &Pool, target: &Target, timeouts: PeerTimeouts) -> HttpPeer {
    let mut peer = HttpPeer::new(target.address, false, String::new());
    if let Some(identity) = &pool.identity {
        peer.group_key = identity.number();
        peer.sni = target.server_name.to_string();
        peer.options.alpn = ALPN::Custom(CustomALPN::new(OUR_TLS.to_vec()));
    }
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
