//! Section `limits`.

use crate::units::{ByteSize, TimeSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one client, and all of them, may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionLimits {
    /// Connections at once, over all clients; at least 1. Each needs two file descriptors of the process.
    #[schemars(range(min = 1))]
    pub connections: usize,
    /// Connections at once from one address (IPv6: one /64); at least 1.
    #[schemars(range(min = 1))]
    pub connections_per_ip: usize,
    /// WebSockets and event streams open at once, over all clients; beyond it 503 `EDGE_FULL`. At least 1.
    #[schemars(range(min = 1))]
    pub tunnels: u32,
    /// The same of one user, or of one address (IPv6: one /64) that nobody is signed in from; beyond it 429 `TOO_MANY_TUNNELS`. At
    /// least 1.
    #[schemars(range(min = 1))]
    pub tunnels_per_user: u32,
    /// Requests in a second from one address (IPv6: one /64) that no honest client makes, nor a crowd behind one address; at
    /// least 1. What is above it is refused before a token or a quota is looked at. They are counted by a sketch, some higher than
    /// they are: write far more than any quota allows.
    #[schemars(range(min = 1))]
    pub requests_per_second_per_ip: u32,
    /// Time for a whole request head from its first byte, and for the first bytes of a connection; then 408 (RFC 9110) and
    /// the end of the connection.
    pub header_timeout: TimeSpan,
    /// How long a connection may wait for its next request.
    pub keep_alive: TimeSpan,
    /// Bytes a second that a client must keep up while it sends a body or reads an answer. One that is slower for longer
    /// than `slow_grace` is cut off, with 408 if it was sending.
    pub min_rate: ByteSize,
    /// How long a client may be slower than `min_rate`, or stand still.
    pub slow_grace: TimeSpan,
    /// Requests at once on one HTTP/2 connection, 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub max_streams: u32,
    /// Bytes of all header fields of a request; larger heads are refused with 431 (RFC 6585).
    pub max_header: ByteSize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 16_000,
            connections_per_ip: 1024,
            tunnels: 16_000,
            tunnels_per_user: 1_000,
            requests_per_second_per_ip: 2_000,
            header_timeout: TimeSpan::from_secs(10),
            keep_alive: TimeSpan::from_secs(60),
            min_rate: ByteSize(500),
            slow_grace: TimeSpan::from_secs(20),
            max_streams: 100,
            max_header: ByteSize(32 * 1024),
        }
    }
}
