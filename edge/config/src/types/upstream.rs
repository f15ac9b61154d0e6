//! Section `upstreams`.

use super::{Certificate, Concurrency, Discovery, Records, Target, discovery::default_refresh};
use crate::units::{ByteSize, Percent, Ratio, TimeSpan};
use edge_policy::{
    balance::{Method, RingKey, Thresholds},
    outlier,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, net::SocketAddr, path::PathBuf};

/// The instances of one service, and how to choose among them. Exactly one of `targets` and `discovery`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The instances: a list, or one text with commas, so that a variable can carry them all.
    #[serde(
        default,
        deserialize_with = "crate::de::targets",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(with = "crate::schema::Targets")]
    pub targets: Vec<Target>,
    /// The instances as name servers tell them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery: Option<Discovery>,
    /// How an instance is chosen for a request.
    #[serde(default)]
    pub load_balancing: LoadBalancing,
    /// What keeps a request at its instance, with `load_balancing: ring`: `client_ip` (one IPv4 address or IPv6 /64),
    /// `header.<name>` or `cookie.<name>`; the client's address where the request has no such field or cookie.
    #[serde(default, with = "crate::de::ring_key", skip_serializing_if = "is_client")]
    #[schemars(with = "crate::schema::RingKey")]
    pub ring_key: RingKey,
    /// In this time the share of an instance that is new, or back, grows from a tenth to its whole; without it, it has all at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_start: Option<TimeSpan>,
    /// How instances are probed; without it all count as healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// When an instance is left alone for what its answers to clients show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlier: Option<Outlier>,
    /// Name of the circuit breaker in front of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circuit_breaker: Option<String>,
    /// How many requests it gets at a time; no bound without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// Whether a client stays with its first instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    /// Largest request body that it takes, whatever a route allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_body: Option<ByteSize>,
    /// Speaks TLS to the instances; plain HTTP without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<UpstreamTls>,
}

fn is_client(key: &RingKey) -> bool {
    *key == RingKey::ClientIp
}

impl Upstream {
    /// The instances to connect to: `targets`, or the name of `discovery`, with its port where it has one; each address or
    /// record of it is an instance.
    pub fn instances(&self) -> Cow<'_, [Target]> {
        match &self.discovery {
            Some(discovery) if self.targets.is_empty() => Cow::Owned(vec![discovery.target()]),
            _ => Cow::Borrowed(&self.targets),
        }
    }

    /// How often the names of its instances are looked up.
    pub fn refresh(&self) -> TimeSpan {
        { &self.discovery }
            .as_ref()
            .map_or_else(default_refresh, |discovery| discovery.refresh)
    }

    /// Which records of the names of its instances are asked for.
    pub fn records(&self) -> Records {
        { &self.discovery }
            .as_ref()
            .map_or_else(Records::default, |discovery| discovery.records)
    }

    /// The name servers that know its instances; none where the system's do.
    pub fn servers(&self) -> &[SocketAddr] {
        { &self.discovery }.as_ref().map_or(&[], |discovery| &discovery.servers)
    }
}

/// How an instance is chosen for a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadBalancing {
    /// One after the other, as often as their weights say.
    RoundRobin,
    /// Of two drawn at random, the one with fewer requests under way.
    LeastRequests,
    /// Of two drawn at random, the one that would answer sooner: a peak-sensitive moving average of its latency, times the requests
    /// under way there.
    #[default]
    PeakEwma,
    /// The same one for the same `ring_key`, by consistent hashing, unless that one has far more to do than the others.
    Ring,
}

impl LoadBalancing {
    /// The same, as the policy crate knows it.
    pub fn method(self) -> Method {
        match self {
            Self::RoundRobin => Method::RoundRobin,
            Self::LeastRequests => Method::LeastRequests,
            Self::PeakEwma => Method::PeakEwma,
            Self::Ring => Method::Ring,
        }
    }
}

/// Probes: an HTTP GET that must answer 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// Path to ask for.
    pub path: String,
    /// Time between two probes of one instance.
    #[serde(default = "default_interval")]
    pub interval: TimeSpan,
    /// Time a probe may take; less than the interval.
    #[serde(default = "default_timeout")]
    pub timeout: TimeSpan,
    /// Successes in a row that make an instance healthy; at least 1.
    #[serde(default = "default_healthy")]
    #[schemars(range(min = 1))]
    pub healthy: u32,
    /// Failures in a row that make it unhealthy; at least 1.
    #[serde(default = "default_unhealthy")]
    #[schemars(range(min = 1))]
    pub unhealthy: u32,
}

impl HealthCheck {
    /// When the verdict turns, as the policy crate decides it.
    pub fn thresholds(&self) -> Thresholds {
        Thresholds {
            healthy: self.healthy,
            unhealthy: self.unhealthy,
        }
    }
}

fn default_interval() -> TimeSpan {
    TimeSpan::from_secs(5)
}

fn default_timeout() -> TimeSpan {
    TimeSpan::from_secs(1)
}

fn default_healthy() -> u32 {
    1
}

fn default_unhealthy() -> u32 {
    2
}

/// When an instance is left alone for what its answers to clients show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Outlier {
    /// Failures in a row after which it is left alone; at least 1. Failures are tries without an answer, and `statuses`.
    #[schemars(range(min = 1))]
    pub consecutive_failures: u32,
    /// Or the share of failures after which it is, more than 0 and at most 1,
    pub error_ratio: Ratio,
    /// over this time,
    pub window: TimeSpan,
    /// if it had so many requests in it; at least 1.
    #[schemars(range(min = 1))]
    pub min_requests: u32,
    /// Statuses that are failures, 500 to 599.
    #[schemars(inner(range(min = 500, max = 599)))]
    pub statuses: Vec<u16>,
    /// For how long; the next time twice as long, and so on up to ten times. A tenth is added at random.
    pub eject_for: TimeSpan,
    /// Most instances that are left alone at a time, as a share of all: at least one, and never the last.
    pub max_ejected: Percent,
}

impl Outlier {
    /// The same, as the policy crate judges by it.
    pub fn to_policy(&self) -> outlier::Terms {
        outlier::Terms {
            in_a_row: self.consecutive_failures.max(1),
            ratio: self.error_ratio.ratio() as f32,
            window: *self.window,
            min_requests: self.min_requests,
        }
    }
}

impl Default for Outlier {
    fn default() -> Self {
        Self {
            consecutive_failures: 5,
            error_ratio: Ratio::HALF,
            window: TimeSpan::from_secs(10),
            min_requests: 20,
            statuses: vec![502, 503, 504],
            eject_for: TimeSpan::from_secs(30),
            max_ejected: Percent::HALF,
        }
    }
}

/// A signed cookie names the instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sticky {
    /// The cookie's name (RFC 6265, a token).
    pub cookie: String,
    /// The cookie's life.
    pub ttl: TimeSpan,
    /// The cookie's `SameSite`.
    #[serde(default)]
    pub same_site: SameSite,
}

/// `SameSite` of a cookie (RFC 6265bis).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SameSite {
    /// Sent on same-site requests alone.
    Strict,
    /// Also on top-level navigation.
    #[default]
    Lax,
    /// Always; browsers then want `Secure`.
    None,
}

impl SameSite {
    /// As `Set-Cookie` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// TLS to the instances.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamTls {
    /// The name that their certificate must be made out to; the host of the address unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// PEM file with the certificates that vouch for theirs; the system's unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Who the edge is, for instances that want to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
}

impl UpstreamTls {
    /// The name that the certificate of the instance at `address` must be made out to.
    pub fn name_of<'t>(&'t self, address: &'t str) -> &'t str {
        let host = || address.rsplit_once(':').map_or(address, |(host, _)| host);
        let name = self.server_name.as_deref().unwrap_or_else(host);
        name.trim_start_matches('[').trim_end_matches([']', '.'])
    }
}
