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
    /// Longest silence of a client that is sending a request head; then the connection is closed.
    pub header_timeout: TimeSpan,
    /// Bytes of all header fields of a request; larger heads are refused with 431 (RFC 6585).
    pub max_header: ByteSize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 16_000,
            connections_per_ip: 256,
            header_timeout: TimeSpan::from_secs(10),
            max_header: ByteSize(32 * 1024),
        }
    }
}
