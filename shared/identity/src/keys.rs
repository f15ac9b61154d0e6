//! The issuer's public keys (JSON Web Key Set, RFC 7517).

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, JwkSet},
};
use std::collections::HashMap;

/// Verification keys by `kid`.
#[derive(Default)]
pub struct KeySet {
    keys: HashMap<String, (Algorithm, DecodingKey)>,
}

/// Why a key set could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// Not a JWK set.
    #[error("not a JWK set: {0}")]
    Malformed(#[from] serde_json::Error),
    /// No key of it has a `kid` and a usable kind.
    #[error("the JWK set holds no usable key")]
    Empty,
}

impl KeySet {
    /// Reads a JWK set. Keys without `kid`, or of a kind not accepted here, are passed over.
    pub fn from_json(json: &[u8]) -> Result<Self, KeySetError> {
        let set: JwkSet = serde_json::from_slice(json)?;
        let keys: HashMap<_, _> = set
            .keys
            .iter()
            .filter_map(|jwk| {
                let AlgorithmParameters::OctetKeyPair(parameters) = &jwk.algorithm else {
                    return None;
                };
                if !matches!(parameters.curve, EllipticCurve::Ed25519) {
                    return None;
                }
                let key = DecodingKey::from_jwk(jwk).ok()?;
                Some((jwk.common.key_id.clone()?, (Algorithm::EdDSA, key)))
            })
            .collect();
        if keys.is_empty() {
            Err(KeySetError::Empty)
        } else {
            Ok(Self { keys })
        }
    }

    /// How many keys are known.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is known yet.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn get(&self, kid: &str) -> Option<&(Algorithm, DecodingKey)> {
        self.keys.get(kid)
    }
}
