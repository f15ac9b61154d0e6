//! Section `rate_limits`.

use crate::units::Rate;
use edge_policy::rate_limit::{Algorithm, KeyBy, Limit, OnStoreFailure};
use serde::Deserialize;

/// `rate_limits.<name>`: a quota. Every quota is strict: one call to Redis decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Whose quota it is.
    #[serde(deserialize_with = "crate::de::key_by")]
    pub key: KeyBy,
    /// Whom it is for; everybody unless told.
    #[serde(default)]
    pub when: Option<When>,
    /// How many in which time.
    pub rate: Rate,
    /// How many at once (gcra only); the rate's count unless told.
    #[serde(default)]
    pub burst: Option<u32>,
    /// How it counts.
    #[serde(default, deserialize_with = "crate::de::algorithm")]
    pub algorithm: Algorithm,
    /// What counts while Redis is away.
    #[serde(default, deserialize_with = "crate::de::on_store_failure")]
    pub on_store_failure: OnStoreFailure,
}

/// `rate_limits.<name>.when`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Callers without a valid token.
    Anonymous,
}

impl RateLimit {
    /// The limit as the policy crate decides it.
    pub fn to_policy(&self, name: &str) -> Limit {
        Limit {
            name: name.into(),
            key: self.key,
            anonymous_only: self.when == Some(When::Anonymous),
            rate: self.rate.0,
            burst: self.burst.unwrap_or(self.rate.0.count),
            algorithm: self.algorithm,
            on_store_failure: self.on_store_failure,
        }
    }
}
