//! Names of tokens, short enough to look up.

use siphasher::sip128::{Hasher128, SipHasher24};
use std::{hash::Hasher, sync::LazyLock};

/// A token's name in this process: 128 bits of SipHash-2-4 under a key drawn at the start.
///
/// A keyed function is enough where SHA-256 was used before. To pass, a forged token would have to have the digest of a good
/// one. Whoever makes it knows neither the key nor any digest, for none ever leaves the process: it can only guess, and every
/// guess is a request. Against that SipHash was designed as a message authentication code. What SHA-256 gives beyond it,
/// that no two texts can be found with one digest though everybody can compute them, nobody needs here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(u128);

impl Digest {
    /// The name of a token.
    pub fn of(token: &str) -> Self {
        Self::of_bytes(token.as_bytes())
    }

    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        static KEYED: LazyLock<SipHasher24> = LazyLock::new(|| SipHasher24::new_with_key(&rand::random()));
        let mut hasher = *KEYED;
        hasher.write(bytes);
        Self(hasher.finish128().into())
    }

    /// It as a number, all of whose bits are alike.
    pub(crate) fn bits(self) -> u128 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_name_of_its_own() {
        assert_eq!(Digest::of("a.b.c"), Digest::of("a.b.c"));
        assert_ne!(Digest::of("a.b.c"), Digest::of("a.b.d"));
        assert_ne!(Digest::of(""), Digest::of("\0"));
    }
}
