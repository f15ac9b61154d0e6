//! Section `jwt`.

use crate::units::TimeSpan;
use edge_policy::identity::TokenSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One issuer of tokens (RFC 7519).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// Required `iss`.
    pub issuer: String,
    /// Required `aud`.
    pub audience: String,
    /// Signature algorithms that are accepted; at least one.
    pub algorithms: Vec<JwtAlgorithm>,
    /// How far the issuer's clock may be off when `exp` is judged.
    #[serde(default = "default_leeway")]
    pub leeway: TimeSpan,
    /// Where a token may sit, the first hit wins: `{ cookie: <name> }` or `{ bearer: true }` (RFC 6750).
    #[serde(with = "crate::de::token_from")]
    #[schemars(with = "Vec<crate::de::token_from::Source>")]
    pub token_from: Vec<TokenSource>,
    /// Where the keys come from.
    pub jwks: Jwks,
    /// Claims that the service behind is told, and in which header.
    #[serde(default = "default_claims")]
    pub forward_claims: BTreeMap<String, String>,
    /// How ended sessions are learned. Without it a token counts until it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
}

fn default_leeway() -> TimeSpan {
    TimeSpan::from_secs(5)
}

fn default_claims() -> BTreeMap<String, String> {
    let pairs = [
        ("sub", "X-User-Id"),
        ("name", "X-User-Name"),
        ("role", "X-User-Role"),
        ("sid", "X-Session-Id"),
    ];
    pairs
        .map(|(claim, header)| (claim.to_owned(), header.to_owned()))
        .into()
}

/// A signature algorithm (RFC 7518).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum JwtAlgorithm {
    /// Ed25519 (RFC 8037).
    EdDSA,
}

/// A key set (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// Name of the upstream that serves it.
    pub upstream: String,
    /// Path on that upstream.
    pub path: String,
    /// How often it is read again. An unknown `kid` makes it be read at once.
    #[serde(default = "default_refresh")]
    pub refresh: TimeSpan,
}

fn default_refresh() -> TimeSpan {
    TimeSpan::from_secs(600)
}

/// How ended sessions are learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Redis channel on which ended sessions are told.
    pub redis_channel: String,
}
