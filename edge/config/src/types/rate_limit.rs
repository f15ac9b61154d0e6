//! Section `rate_limits`.

use crate::{de::words, units::Rate};
use edge_policy::rate_limit::{self, Algorithm, KeyBy, Limit, OnMissing, OnStoreFailure, Part};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// A quota. Answers carry `RateLimit` fields; what is over it gets 429 with `Retry-After`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Whose quota it is: a part of the request, or a list of them, which are then told apart by all of them together.
    /// `client_ip`: one IPv4 address or IPv6 /64; `jwt.sub`: the signed-in user; `jwt.<claim>`; `header.<name>`; `cookie.<name>`;
    /// `route`; `method`.
    #[serde(with = "crate::de::key_parts")]
    #[schemars(with = "crate::schema::KeyParts")]
    pub key: Vec<Part>,
    /// What becomes of a request that has not all parts of the key.
    #[serde(default, with = "words::Missing")]
    pub on_missing: OnMissing,
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
    /// Callers with one.
    Authenticated,
}

impl When {
    fn to_policy(self) -> rate_limit::When {
        match self {
            Self::Anonymous => rate_limit::When::Anonymous,
            Self::Authenticated => rate_limit::When::Authenticated,
        }
    }
}

/// What a route's requests are charged: the name of a quota, or `{ limit: <name>, cost: <tokens> }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Name in `rate_limits`.
    pub limit: String,
    /// How many of it a request takes.
    pub cost: u32,
}

/// The long form: a request that takes more than one.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Charged {
    /// Name in `rate_limits`.
    pub(crate) limit: String,
    /// How many a request takes, 1 to all that the quota lets through at once.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub(crate) cost: u32,
}

fn one() -> u32 {
    1
}

impl Serialize for Charge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.clone() {
            Self { limit, cost: 1 } => serializer.serialize_str(&limit),
            Self { limit, cost } => Charged { limit, cost }.serialize(serializer),
        }
    }
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

    /// What it is counted by, as the policy crate decides it.
    pub fn key_by(&self) -> KeyBy {
        KeyBy {
            parts: self.key.clone(),
            on_missing: self.on_missing,
        }
    }

    /// How many pass at once.
    pub fn at_once(&self) -> u32 {
        match self.algorithm {
            Algorithm::Gcra => self.burst.unwrap_or(self.rate.0.count),
            Algorithm::Window => self.rate.0.count,
        }
    }

    /// The limit as the policy crate decides it, of requests that cost so much.
    pub fn to_policy(&self, name: &str, cost: u32) -> Limit {
        Limit {
            name: name.into(),
            key: self.key_by(),
            when: self.when.map(When::to_policy),
            cost,
            rate: self.rate.0,
            burst: self.burst.unwrap_or(self.rate.0.count),
            algorithm: self.algorithm,
            on_store_failure: self.on_store_failure,
        }
    }
}
