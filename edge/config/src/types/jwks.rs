//! `jwt.<name>.jwks` and `jwt.<name>.algorithms`.

use crate::units::TimeSpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared_identity::Algorithm;
use std::path::{Path, PathBuf};

/// A signature algorithm (RFC 7518).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum JwtAlgorithm {
    /// Ed25519 (RFC 8037).
    EdDSA,
    /// ECDSA over P-256.
    ES256,
    /// ECDSA over P-384.
    ES384,
    /// RSA, PKCS #1 v1.5; keys of 2048 to 4096 bits.
    RS256,
    /// RSA, PSS; keys of 2048 to 4096 bits.
    PS256,
    /// HMAC; its keys come from a `file` alone.
    HS256,
}

impl From<JwtAlgorithm> for Algorithm {
    fn from(algorithm: JwtAlgorithm) -> Self {
        match algorithm {
            JwtAlgorithm::EdDSA => Self::EdDSA,
            JwtAlgorithm::ES256 => Self::ES256,
            JwtAlgorithm::ES384 => Self::ES384,
            JwtAlgorithm::RS256 => Self::RS256,
            JwtAlgorithm::PS256 => Self::PS256,
            JwtAlgorithm::HS256 => Self::HS256,
        }
    }
}

/// A key set (RFC 7517): from an upstream, or from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jwks {
    /// Name of the upstream that serves it. Either this or `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Path on that upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How often it is read again from the upstream, `1s` or more. An unknown `kid` makes it be read at once.
    #[serde(default = "default_refresh")]
    pub refresh: TimeSpan,
    /// Local file with the set, against the working directory; a change of it is a change of the configuration. Symmetric
    /// (`oct`) keys are taken from here alone. Either this or `upstream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

fn default_refresh() -> TimeSpan {
    TimeSpan::from_secs(600)
}

/// Where a key set comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySource<'a> {
    /// An upstream.
    Upstream {
        /// Its name.
        name: &'a str,
        /// Path on it.
        path: &'a str,
    },
    /// A file.
    File(&'a Path),
}

impl Jwks {
    /// Where the set comes from. In a loaded configuration it is one of the two.
    pub fn source(&self) -> Option<KeySource<'_>> {
        match (&self.upstream, &self.path, &self.file) {
            (Some(name), Some(path), None) => Some(KeySource::Upstream { name, path }),
            (None, None, Some(file)) => Some(KeySource::File(file)),
            _ => None,
        }
    }
}
