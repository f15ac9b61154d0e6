//! Section `upstreams`.

use crate::units::TimeSpan;
use edge_policy::balance::Thresholds;
use serde::Deserialize;

/// `upstreams.<name>`: the instances of one service, and how to choose among them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The instances, at least one: a list, or one text with commas, so that a variable can carry them all.
    #[serde(deserialize_with = "crate::de::targets")]
    pub targets: Vec<Target>,
    /// How instances are probed; without it all count as healthy.
    #[serde(default)]
    pub health_check: Option<HealthCheck>,
    /// Whether a client stays with its first instance.
    #[serde(default)]
    pub sticky: Option<Sticky>,
}

/// One instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `host:port`; a name is resolved in the background.
    pub address: String,
    /// Its share, 1 to 100.
    pub weight: u32,
}

/// `health_check`: an HTTP GET that must answer 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// Path to ask for.
    pub path: String,
    /// Time between two probes of one target.
    #[serde(default = "default_interval")]
    pub interval: TimeSpan,
    /// Time a probe may take.
    #[serde(default = "default_timeout")]
    pub timeout: TimeSpan,
    /// Successes in a row that make a target healthy.
    #[serde(default = "default_healthy")]
    pub healthy: u32,
    /// Failures in a row that make it unhealthy.
    #[serde(default = "default_unhealthy")]
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

/// `sticky`: a signed cookie names the instance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sticky {
    /// The cookie's name.
    pub cookie: String,
    /// The cookie's life.
    pub ttl: TimeSpan,
    /// The cookie's `SameSite`.
    #[serde(default)]
    pub same_site: SameSite,
}

/// `same_site` (RFC 6265bis).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
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
