//! What a token must be like to be accepted.

use crate::Algorithm;
use http::HeaderName;

/// What a token must say to be accepted, and what is made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierSettings {
    /// Wanted `iss`.
    pub issuer: String,
    /// Wanted `aud`, or one of them.
    pub audience: String,
    /// Accepted algorithms.
    pub algorithms: Vec<Algorithm>,
    /// Accepted kinds of tokens (`typ`), whatever their case; `None` is a token that names no kind.
    pub types: Vec<Option<String>>,
    /// Allowed difference of clocks, seconds.
    pub leeway: u64,
    /// Claims that are told in header fields, by path (a dot before each step into an object).
    pub forward: Vec<(String, HeaderName)>,
    /// Claims that are compared ([`crate::Verified::has_one_of`]), by path.
    pub compared: Vec<String>,
    /// Most verified tokens remembered, rounded up; 0 remembers none.
    pub cache_capacity: usize,
}

impl VerifierSettings {
    /// Kinds of tokens that are accepted unless others are named: none named, `JWT` (RFC 7519), `at+jwt` (RFC 9068).
    pub fn usual_types() -> Vec<Option<String>> {
        vec![None, Some("JWT".into()), Some("at+jwt".into())]
    }
}

impl Default for VerifierSettings {
    /// The platform's own tokens.
    fn default() -> Self {
        Self {
            issuer: shared_contracts::claims::ISSUER.into(),
            audience: shared_contracts::claims::AUDIENCE.into(),
            algorithms: vec![Algorithm::EdDSA],
            types: Self::usual_types(),
            leeway: 5,
            forward: Vec::new(),
            compared: Vec::new(),
            cache_capacity: 100_000,
        }
    }
}
