//! The types of `edge.yaml`, one file a section. What a type here does not know is refused, never ignored. A key is explained
//! once, here: the schema for editors and the reference page are made from these comments.

mod admin;
mod auth;
mod cache;
mod circuit_breaker;
mod compression;
mod concurrency;
mod cors;
mod csrf;
mod discovery;
mod drain;
mod fallback;
mod graphql;
mod headers;
mod hedge;
mod jwks;
mod jwt;
mod limits;
mod listeners;
mod matching;
mod proxies;
mod rate_limit;
mod redis;
mod route;
mod target;
mod upstream;

pub use admin::Admin;
pub use auth::Auth;
pub(crate) use auth::Token;
pub use cache::{Cache, CacheCredentials, RouteCache};
pub use circuit_breaker::CircuitBreaker;
pub use compression::{Coding, Compression, Levels};
pub use concurrency::Concurrency;
pub use cors::Cors;
pub use csrf::Csrf;
pub use discovery::{Discovery, Records};
pub use drain::Drain;
pub use fallback::Fallback;
pub use graphql::{Graphql, Subgraph};
pub use headers::{HeaderChanges, Headers};
pub use hedge::Hedge;
pub use jwks::{Jwks, JwtAlgorithm, KeySource};
pub use jwt::{Jwt, Revocation};
pub use limits::ConnectionLimits;
pub use listeners::{Certificate, ClientAuth, ClientAuthMode, Hsts, Http, Https, ListenerTls, Listeners, TlsVersion};
pub use matching::Match;
pub use proxies::TrustedHeader;
pub(crate) use rate_limit::Charged;
pub use rate_limit::{Charge, Mode, RateLimit, When};
pub use redis::Redis;
pub use route::{Defaults, Priority, Retries, RetryOn, Route, Serves, Streaming, Timeouts};
pub(crate) use target::Long as LongTarget;
pub use target::Target;
pub use upstream::{HealthCheck, LoadBalancing, Outlier, SameSite, Sticky, Upstream, UpstreamTls};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The edge's configuration: one file, interpolated, checked, and with `defaults` merged into each route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The format's version; always 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The operators' listener: metrics, health, changes.
    pub admin: Admin,
    /// Where clients connect.
    pub listeners: Listeners,
    /// Networks (`10.0.0.0/8`) that are believed about clients; see `trusted_header`. What everybody else says is thrown away.
    #[serde(default, deserialize_with = "crate::de::networks")]
    #[schemars(with = "Vec<crate::schema::Network>")]
    pub trusted_proxies: Vec<IpNet>,
    /// The header that trusted proxies write, and all of them. The other one may be a client's own words, passed on: it is
    /// thrown away.
    #[serde(default)]
    pub trusted_header: TrustedHeader,
    /// Bounds on connections and heads.
    #[serde(default)]
    pub limits: ConnectionLimits,
    /// The store of answers.
    #[serde(default)]
    pub cache: Cache,
    /// How clients are parted from.
    #[serde(default)]
    pub drain: Drain,
    /// The store of quotas, and the way by which ended sessions are told.
    pub redis: Redis,
    /// What routes inherit: maps merge, scalars and lists replace.
    #[serde(default, skip_serializing)]
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
    /// Circuit breakers by name.
    #[serde(default)]
    pub circuit_breakers: BTreeMap<String, CircuitBreaker>,
    /// Services by name.
    pub upstreams: BTreeMap<String, Upstream>,
    /// Routes by name. Exact path before template before longest prefix; their order in the file never matters.
    pub routes: BTreeMap<String, Route>,
}

/// Keys that a running edge cannot change: a change at or below one of them needs a new process.
pub(crate) const NEEDS_UPGRADE: [&str; 8] = [
    "admin.audit_file",
    "admin.bind",
    "admin.token_file",
    "cache.max_size",
    "listeners",
    "limits.connections",
    "limits.connections_per_ip",
    "redis.url",
];

/// Of these, what a reload changes all the same.
pub(crate) const LIVE_BELOW: [&str; 4] = [
    "listeners.http.redirect_to_https",
    "listeners.https.hsts",
    "listeners.https.public_port",
    "listeners.https.tls",
];
