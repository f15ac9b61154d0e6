//! Section `rate_limits`.

use crate::{de::words, units::Rate};
use edge_policy::rate_limit::{Algorithm, KeyBy, Limit, OnStoreFailure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quota. Answers carry `RateLimit` fields; what is over it gets 429 with `Retry-After`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Whose quota it is. `client_ip`: one IPv4 address or IPv6 /64; `jwt.sub`: the signed-in user, nobody else is charged.
    #[serde(with = "words::Key")]
    pub key: KeyBy,
    /// Whom it is for; everybody unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// How many in which time.
    pub rate: Rate,
    /// How many at once, at least 1 (`gcra` only); the rate's count unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub burst: Option<u32>,
    /// How it counts.
    #[serde(default, with = "words::Counting")]
    pub algorithm: Algorithm,
    /// Who counts.
    #[serde(default)]
    pub mode: Mode,
    /// What counts while Redis is away.
    #[serde(default, with = "words::StoreFailure")]
    pub on_store_failure: OnStoreFailure,
    /// Whether what is over it is refused; `false` only counts, to try a limit out.
    #[serde(default = "yes")]
    pub enforce: bool,
}

fn yes() -> bool {
    true
}

/// Whom a quota is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Callers without a valid token.
    Anonymous,
}

/// Who counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Redis, on every request: exact over all edges.
    #[default]
    Strict,
    /// Each edge, with tokens that it borrows from Redis for its recent demand (`gcra` only): steady requests call nobody. Over any
    /// time all edges together admit at most burst and rate, and what they held at its start: each what comes back in a tenth of
    /// a second or a sixteenth of the burst. For high rates; of a low one every request asks Redis all the same.
    Leased,
}

impl RateLimit {
    /// Writes the burst out that the rate implies.
    pub(crate) fn settle(&mut self) {
        if self.algorithm == Algorithm::Gcra {
            self.burst.get_or_insert(self.rate.0.count);
        }
    }

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
