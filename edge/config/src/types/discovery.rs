//! Instances that name servers tell.

use super::Target;
use crate::units::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Instances as name servers tell them. They are asked again after `refresh`, or sooner where an answer says that it holds
/// for less time; an answer that tells of no instance changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discovery {
    /// The name. For `srv` that of the service, for instance `_http._tcp.posts.internal`.
    pub dns: String,
    /// Which records of it are asked for.
    #[serde(default, rename = "type")]
    pub records: Records,
    /// The instances' port, 1 to 65535; for `srv` left out, since each record has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// Longest time from one look-up to the next; at least `1s`.
    #[serde(default = "default_refresh")]
    pub refresh: TimeSpan,
    /// The name servers to ask, each an IP address with its port (53 unless told): Consul's `127.0.0.1:8600`. Without them those of
    /// `/etc/resolv.conf`, after a look into `/etc/hosts`.
    #[serde(
        default,
        deserialize_with = "crate::de::name_servers",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(with = "Vec<String>")]
    pub servers: Vec<SocketAddr>,
}

impl Discovery {
    /// All its instances as one target.
    pub(super) fn target(&self) -> Target {
        Target {
            address: match self.port {
                Some(port) => format!("{}:{port}", self.dns),
                None => self.dns.clone(),
            },
            weight: 1,
            labels: Default::default(),
        }
    }
}

/// How often names are looked up at least, unless told.
pub(super) fn default_refresh() -> TimeSpan {
    TimeSpan::from_secs(10)
}

/// Kinds of DNS records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Records {
    /// IPv4 addresses, or IPv6 addresses where it has no others.
    #[default]
    Address,
    /// IPv4 addresses alone.
    A,
    /// IPv6 addresses alone.
    Aaaa,
    /// Hosts with ports and weights (RFC 2782): of several priorities the lowest number alone is used.
    Srv,
}
