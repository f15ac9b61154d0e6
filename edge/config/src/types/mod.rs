//! The types of `edge.yaml`, one file a section. What a type here does not know is refused, never ignored.

mod access;
mod listen;
mod quota;
mod route;
mod upstream;

pub use access::{Cors, Jwks, Jwt, JwtAlgorithm, Revocation};
pub use listen::{Admin, ConnectionLimits, Http, Listeners, Redis};
pub use quota::{RateLimit, When};
pub use route::{Auth, Defaults, Graphql, Match, Retries, Route, Serves, Streaming, Subgraph, Timeouts};
pub use upstream::{HealthCheck, SameSite, Sticky, Target, Upstream};

use ipnet::IpNet;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A whole `edge.yaml`: interpolated, checked, and with `defaults` merged into each route.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The format's version; always 1.
    pub version: u32,
    /// The operator's listener: metrics, health.
    pub admin: Admin,
    /// Where clients connect.
    pub listeners: Listeners,
    /// Networks whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<IpNet>,
    /// Bounds on connections and heads.
    #[serde(default)]
    pub limits: ConnectionLimits,
    /// The store of quotas and revocations.
    pub redis: Redis,
    /// What routes inherit. Already merged into [`Config::routes`]; kept to be shown.
    #[serde(default)]
    pub defaults: Defaults,
    /// Cross-origin policies by name.
    #[serde(default)]
    pub cors: BTreeMap<String, Cors>,
    /// Issuers of tokens by name.
    #[serde(default)]
    pub jwt: BTreeMap<String, Jwt>,
    /// Quotas by name.
    #[serde(default)]
    pub rate_limits: BTreeMap<String, RateLimit>,
    /// Services by name.
    pub upstreams: BTreeMap<String, Upstream>,
    /// Routes by name; the order in the file never matters.
    pub routes: BTreeMap<String, Route>,
}
