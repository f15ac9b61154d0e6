//! Types of the policy crate that are one of a few words in the file.

use edge_policy::rate_limit::{Algorithm, KeyBy, OnStoreFailure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose quota it is.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "KeyBy")]
pub(crate) enum Key {
    /// The client's IPv4 address or IPv6 /64.
    #[serde(rename = "client_ip")]
    ClientIp,
    /// The subject of a valid token.
    #[serde(rename = "jwt.sub")]
    JwtSub,
}

/// How a limit counts.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Algorithm", rename_all = "snake_case")]
pub(crate) enum Counting {
    /// Generic cell rate algorithm: tokens come back one by one, at the rate.
    Gcra,
    /// A window that starts with the first request; exact.
    Window,
}

/// What counts while the store is away.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "OnStoreFailure", rename_all = "snake_case")]
pub(crate) enum StoreFailure {
    /// This edge counts alone.
    Local,
    /// Nothing: all pass.
    Open,
    /// Nothing: all are refused with 503.
    Closed,
}
