//! Section `cache`, and key `cache` of a route.

use crate::units::{ByteSize, TimeSpan};
use edge_policy::cache::{self, Terms};
use http::HeaderName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The store of answers. Routes use it by their own key `cache`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// Memory for answers, those that are on their way included. When it is full, an answer that is asked for less often than what
    /// would have to go is not kept.
    pub max_size: ByteSize,
    /// Largest body that is kept; at most an eighth of `max_size`.
    pub max_object: ByteSize,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            max_size: ByteSize(128 << 20),
            max_object: ByteSize(8 << 20),
        }
    }
}

/// Which answers of a route are kept and given again (RFC 9111); none without it. The services' `Cache-Control` decides, as far as
/// it says something. Never kept are answers that set a cookie, that say `private`, `no-store` or `no-cache`, and failures. Requests
/// are admitted, authenticated and charged before the cache is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteCache {
    /// How long an answer (200, 203, 204, 301, 308) is fresh that does not say so itself; without it such answers are not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<TimeSpan>,
    /// How long a stale answer is given while it is asked for again, where it does not say so itself (RFC 5861).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_while_revalidate: Option<TimeSpan>,
    /// How long a stale answer is given where the service cannot be asked or fails, where it does not say so itself (RFC 5861).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_if_error: Option<TimeSpan>,
    /// Request fields by which answers differ, beside those that they name in `Vary`.
    pub vary: Vec<String>,
    /// What becomes of what tells who asks.
    pub credentials: CacheCredentials,
    /// Longest that a request waits for another one that fetches the same answer; then it asks for itself. Without it as long as
    /// `timeouts.request`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_timeout: Option<TimeSpan>,
}

/// What becomes of what tells who asks: the token, `Cookie`, `Authorization`, and fields that are named like a key or a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CacheCredentials {
    /// It is part of the key: everybody has answers of his own.
    #[default]
    Keyed,
    /// It is taken away before the service is asked, from every `GET` and `HEAD`: one answer for all who may use the route.
    Stripped,
}

impl RouteCache {
    /// The same, as the policy crate decides by it; `largest` is `cache.max_object`. Fields that are none are left out: checks have
    /// refused them.
    pub fn to_policy(&self, largest: ByteSize) -> Terms {
        let window = |time: Option<TimeSpan>| time.map_or(Duration::ZERO, |time| *time);
        let vary = { self.vary.iter() }.filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok());
        Terms {
            ttl: self.ttl.map(|time| *time),
            stale_while_revalidate: window(self.stale_while_revalidate),
            stale_if_error: window(self.stale_if_error),
            vary: vary.collect(),
            credentials: match self.credentials {
                CacheCredentials::Keyed => cache::Credentials::Keyed,
                CacheCredentials::Stripped => cache::Credentials::Stripped,
            },
            max_object: largest.0,
        }
    }
}
