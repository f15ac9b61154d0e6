//! Settings every service has.

use std::net::SocketAddr;

/// Flags and environment common to all services; `#[command(flatten)]` it.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// Address to listen on.
    #[arg(long, env = "BIND")]
    pub bind: Option<SocketAddr>,
    /// This service's own token, `<caller>.<secret>`.
    #[arg(long, env = "SERVICE_TOKEN", hide_env_values = true, default_value = "")]
    pub service_token: String,
    /// SHA-256 digests of the tokens that callers may show: `edge:<hex>[|<hex>],posts:<hex>`.
    #[arg(long, env = "SERVICE_TOKEN_DIGESTS", default_value = "")]
    pub service_token_digests: String,
    /// Most connections at once.
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 8192)]
    pub max_connections: usize,
    /// Seconds that open requests are given to finish when the process is told to end.
    #[arg(long, env = "DRAIN_SECONDS", default_value_t = 10)]
    pub drain_seconds: u64,
}

impl Settings {
    /// The address to listen on: the flag's, or loopback at `port`.
    pub fn address(&self, port: u16) -> SocketAddr {
        self.bind.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)))
    }
}
