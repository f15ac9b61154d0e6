//! Section `jwt`.

use super::{Jwks, JwtAlgorithm};
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
    /// Kinds of tokens (`typ`, RFC 7515) that are accepted, whatever their case; `none` stands for a token that names no kind.
    /// RFC 9068 calls access tokens `at+jwt`: `[at+jwt]` keeps an issuer's other tokens out.
    #[serde(default = "default_types")]
    pub types: Vec<String>,
    /// How far the issuer's clock may be off when `exp`, `nbf` and `iat` are judged; at most `5m`.
    #[serde(default = "default_leeway")]
    pub leeway: TimeSpan,
    /// Where a token may sit, the first hit wins: `{ cookie: <name> }`, `{ bearer: true }` (RFC 6750), or `{ query: <name> }`. The
    /// query is looked at on upgrades and on routes with `streaming` alone, and the service never sees the parameter.
    #[serde(with = "crate::de::token_from")]
    #[schemars(with = "Vec<crate::de::token_from::Source>")]
    pub token_from: Vec<TokenSource>,
    /// Where the keys come from.
    pub jwks: Jwks,
    /// Claims that the service behind is told, and in which header: texts, numbers, booleans, and lists of them with commas
    /// between. A dot leads into an object: `realm_access.roles`. Clients' own copies of such a header reach no service, on any
    /// route.
    #[serde(default = "default_claims")]
    pub forward_claims: BTreeMap<String, String>,
    /// How ended sessions are learned. Without it a token counts until it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Revocation>,
}

fn default_types() -> Vec<String> {
    ["none", "JWT", "at+jwt"].map(str::to_owned).into()
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

/// How ended sessions are learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Redis channel on which ended sessions are told.
    pub redis_channel: String,
}
