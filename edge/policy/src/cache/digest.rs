//! Keys as numbers.

use siphasher::sip128::{Hasher128, SipHasher24};
use std::{fmt, hash::Hasher};

/// A key, a variant, a tag as a number. Who does not know the secret cannot make two of them meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub u128);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What makes digests. Drawn by each edge for itself.
#[derive(Clone, Copy)]
pub struct Secret(u64, u64);

impl Secret {
    /// Of two random numbers.
    pub fn new(one: u64, other: u64) -> Self {
        Self(one, other)
    }

    /// The digest of these bytes.
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        let mut hasher = SipHasher24::new_with_keys(self.0, self.1);
        hasher.write(bytes);
        Digest(hasher.finish128().into())
    }
}
