//! The issuer's keys (JSON Web Key Set, RFC 7517).

mod jwk;

use crate::{Algorithm, Digest, json};
use jsonwebtoken::DecodingKey;
use serde_json::Value;
use std::{fmt, sync::Arc};

/// Most keys of one set; those beyond are passed over.
const MAX_KEYS: usize = 100;

/// Where a key set was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It came over the network. A symmetric key that travels is no secret: none is taken.
    Network,
    /// It lies in a local file, where alone symmetric keys may be.
    File,
}

/// Verification keys.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<Arc<Key>>,
    passed_over: Vec<PassedOver>,
}

/// A key, with the one algorithm that it may be used with (RFC 8725, section 3.1).
pub(crate) struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    material: DecodingKey,
    /// Tells whether another set has the very same key.
    print: Digest,
}

/// A key of a set that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Its `kid`, or its place in the set.
    pub name: String,
    /// Why, with the cure.
    pub reason: &'static str,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}: {}", self.name, self.reason)
    }
}

/// Why a key set could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// Not a JWK set.
    #[error("not a JWK set: {0}")]
    Malformed(String),
    /// No key of it is usable.
    #[error("the JWK set holds no usable key{}", reasons(.0))]
    Empty(Vec<PassedOver>),
}

fn reasons(passed_over: &[PassedOver]) -> String {
    passed_over.iter().map(|key| format!("; {key}")).collect()
}

impl KeySet {
    /// Reads a JWK set. A key is passed over if it is for something else, weak, or fits none of `algorithms`. One that does
    /// not name its algorithm gets the first of `algorithms` that fits its kind.
    ///
    /// # Errors
    /// If it is no JWK set, or no key of it is left.
    pub fn read(text: &[u8], origin: Origin, algorithms: &[Algorithm]) -> Result<Self, KeySetError> {
        let set = json::object(text).map_err(|error| KeySetError::Malformed(error.to_string()))?;
        let Some(Value::Array(members)) = set.get("keys") else {
            return Err(KeySetError::Malformed("it has no list `keys`".into()));
        };
        let mut read = Self::default();
        for (place, member) in members.iter().enumerate() {
            let kid = member.get("kid").and_then(Value::as_str);
            let key = match read.keys.len() {
                MAX_KEYS.. => Err("the set has too many keys; take old ones out"),
                _ => jwk::read(member, origin, algorithms),
            };
            match key {
                Ok((algorithm, material)) => read.keys.push(Arc::new(Key {
                    kid: kid.map(str::to_owned),
                    algorithm,
                    material,
                    print: Digest::of(&format!("{} {member}", algorithm.as_str())),
                })),
                Err(reason) => read.passed_over.push(PassedOver {
                    name: kid.map_or_else(|| format!("number {}", place + 1), |kid| format!("`{kid}`")),
                    reason,
                }),
            }
        }
        if read.keys.is_empty() {
            Err(KeySetError::Empty(read.passed_over))
        } else {
            Ok(read)
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

    /// The keys that are not used.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }

    /// The same set; keys that `before` has too are that set's own, so that they are known again.
    pub(crate) fn after(mut self, before: &Self) -> Self {
        for key in &mut self.keys {
            if let Some(old) = before.keys.iter().find(|old| old.print == key.print) {
                *key = Arc::clone(old);
            }
        }
        self
    }

    /// Whether it has this very key.
    pub(crate) fn has(&self, key: &Arc<Key>) -> bool {
        self.keys.iter().any(|ours| Arc::ptr_eq(ours, key))
    }

    /// The key that a token names. A `kid` is compared and nothing else: it is no path, no address and no query. Without one
    /// only the single key of its algorithm will do, so that no token costs more than one signature.
    pub(crate) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Found<'_> {
        let mut named = self.keys.iter().filter(|key| match kid {
            Some(kid) => key.kid.as_deref() == Some(kid),
            None => key.algorithm == algorithm,
        });
        match (named.next(), named.next()) {
            (None, _) if kid.is_none() && !self.is_empty() => Found::Wrong,
            (None, _) => Found::Unknown,
            (Some(_), Some(_)) if kid.is_none() => Found::Wrong,
            (Some(first), second) => {
                let fits = [Some(first), second].into_iter().flatten().chain(named);
                fits.into_iter()
                    .find(|key| key.algorithm == algorithm)
                    .map_or(Found::Wrong, Found::Key)
            }
        }
    }
}

/// What a set has for a token.
pub(crate) enum Found<'k> {
    /// This key.
    Key(&'k Arc<Key>),
    /// Its key, which is for another algorithm; or no way to tell which key.
    Wrong,
    /// Nothing of that name.
    Unknown,
}

impl Key {
    /// Whether `signature` (base64url) is this key's over `message`. The one place where signatures are checked.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let algorithm = self.algorithm.in_library();
        jsonwebtoken::crypto::verify(signature, message, &self.material, algorithm).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
