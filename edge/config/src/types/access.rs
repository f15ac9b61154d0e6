//! Sections `cors` and `jwt`: who may ask, and how they prove it.

use crate::units::TimeSpan;
use edge_policy::{
    cors::{CorsError, CorsPolicy},
    identity::TokenSource,
};
use serde::Deserialize;

/// `cors.<name>`: a cross-origin policy (the Fetch standard, "CORS protocol").
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Origins that may read answers, `scheme://host[:port]` each. No `*`: credentials forbid it.
    pub allow_origins: Vec<String>,
    /// Whether cookies may come along.
    #[serde(default)]
    pub allow_credentials: bool,
    /// Methods a preflight may ask for.
    #[serde(default = "default_methods")]
    pub allow_methods: Vec<String>,
    /// Request headers a preflight may ask for.
    #[serde(default = "default_headers")]
    pub allow_headers: Vec<String>,
    /// Response headers that scripts may read.
    #[serde(default = "default_exposed")]
    pub expose_headers: Vec<String>,
    /// How long a browser may remember a preflight.
    #[serde(default = "default_max_age")]
    pub max_age: TimeSpan,
}

impl Cors {
    /// The policy as the policy crate answers by it.
    ///
    /// # Errors
    /// What makes no sense. Never after a successful load.
    pub fn to_policy(&self) -> Result<CorsPolicy, CorsError> {
        CorsPolicy::new(
            &self.allow_origins,
            self.allow_credentials,
            &self.allow_methods,
            &self.allow_headers,
            &self.expose_headers,
            self.max_age.0,
        )
    }
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|&text| text.to_owned()).collect()
}

fn default_methods() -> Vec<String> {
    texts(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
}

fn default_headers() -> Vec<String> {
    texts(&[
        "authorization",
        "content-type",
        "x-request-id",
        "traceparent",
        "last-event-id",
    ])
}

fn default_exposed() -> Vec<String> {
    texts(&["x-request-id", "retry-after", "ratelimit", "ratelimit-policy"])
}

fn default_max_age() -> TimeSpan {
    TimeSpan::from_secs(600)
}

/// `jwt.<name>`: one issuer of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// Required `iss`.
    pub issuer: String,
    /// Required `aud`.
    pub audience: String,
    /// Algorithms that are accepted.
    pub algorithms: Vec<JwtAlgorithm>,
    /// Where a token may sit, first hit wins.
    #[serde(deserialize_with = "crate::de::token_sources")]
    pub token_from: Vec<TokenSource>,
    /// Where the keys come from.
    pub jwks: Jwks,
    /// How ended sessions are learned.
    #[serde(default)]
    pub revocation: Option<Revocation>,
}

/// Signature algorithms the verifier implements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum JwtAlgorithm {
    /// Ed25519 (RFC 8037).
    EdDSA,
}

/// `jwt.<name>.jwks`: the key set (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// The upstream that serves it.
    pub upstream: String,
    /// Path on that upstream.
    pub path: String,
    /// How often it is read again.
    pub refresh: TimeSpan,
}

/// `jwt.<name>.revocation`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Channel on which ended sessions are told.
    pub redis_channel: String,
}
