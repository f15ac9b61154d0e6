//! Sections `admin`, `listeners`, `limits` and `redis`.

use crate::units::{ByteSize, TimeSpan};
use serde::Deserialize;
use std::{net::SocketAddr, path::PathBuf};

/// `admin`: the operator's listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Address; keep it off the public network.
    pub bind: SocketAddr,
    /// File with the token that whoever changes something must show. Made at the start if it is not there.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// File to which every change made through the listener is appended, one JSON object a line.
    #[serde(default)]
    pub audit_file: Option<PathBuf>,
}

/// `listeners`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listeners {
    /// Plain HTTP.
    pub http: Http,
}

/// `listeners.http`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address.
    pub bind: SocketAddr,
}

/// `limits`: what one client, and all of them, may hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionLimits {
    /// Connections at once, over all clients.
    pub connections: usize,
    /// Connections at once from one address (IPv6: one /64).
    pub connections_per_ip: usize,
    /// Longest silence of a client that is sending a request head.
    pub header_timeout: TimeSpan,
    /// Bytes of all header fields of a request.
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

/// `redis`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://[user:password@]host:port[/database]`. Never log it: it may hold a password.
    pub url: String,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("url", &"…").finish()
    }
}
