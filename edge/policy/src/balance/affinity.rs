//! The affinity cookie: it names a target by a keyed MAC, so a client can neither choose a target nor learn an address.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

/// Digits of the cookie's value: 128 bits, in hex.
const DIGITS: usize = 32;

/// Makes the tags of one upstream's targets. Every edge with the same key agrees.
pub struct Affinity {
    keyed: Hmac<Sha256>,
}

impl fmt::Debug for Affinity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Affinity")
    }
}

impl Affinity {
    /// With the secret key, for the named upstream: a cookie of one upstream means nothing to another.
    pub fn new(key: &[u8], upstream: &str) -> Self {
        // HMAC takes keys of any length (RFC 2104), so the fallback is never taken.
        let mut keyed = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
        keyed.update(upstream.as_bytes());
        keyed.update(b"\0");
        Self { keyed }
    }

    /// The tag of the target with this address. It is always the same, so that it is worth keeping.
    pub fn tag(&self, address: &str) -> Tag {
        let mut mac = self.keyed.clone();
        mac.update(address.as_bytes());
        let mac = mac.finalize().into_bytes();
        let bytes = mac.iter().take(DIGITS / 2);
        Tag(bytes.fold(0, |tag, byte| tag << 8 | u128::from(*byte)))
    }
}

/// What a cookie says in a target's place. Its text is the cookie's value.
#[derive(Debug, Clone, Copy)]
pub struct Tag(u128);

impl Tag {
    /// Out of a cookie's value, whoever made that up.
    pub fn read(value: &str) -> Option<Self> {
        let is_one = value.len() == DIGITS && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| u128::from_str_radix(value, 16).ok().map(Self)).flatten()
    }

    /// Whether it is the same, found out in constant time.
    pub fn is(self, other: Self) -> bool {
        self.0 ^ other.0 == 0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TARGETS: [&str; 2] = ["127.0.0.1:3005", "127.0.0.1:3105"];

    fn names(affinity: &Affinity, value: &str, target: &str) -> bool {
        Tag::read(value).is_some_and(|tag| tag.is(affinity.tag(target)))
    }

    #[test]
    fn names_a_target_without_its_address() {
        let affinity = Affinity::new(b"secret", "notifications");
        let value = affinity.tag(TARGETS[1]).to_string();
        assert_eq!(value.len(), DIGITS);
        assert!(names(&affinity, &value, TARGETS[1]) && !names(&affinity, &value, TARGETS[0]));
        let another_edge = Affinity::new(b"secret", "notifications");
        assert!(names(&another_edge, &value, TARGETS[1]));
        for stranger in [
            Affinity::new(b"other", "notifications"),
            Affinity::new(b"secret", "comments"),
        ] {
            assert!(!names(&stranger, &value, TARGETS[1]));
        }
    }

    #[test]
    fn the_tag_is_the_mac_s_first_half() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
        mac.update(b"notifications\x00127.0.0.1:3005");
        let whole = mac.finalize().into_bytes();
        let text: String = whole[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            Affinity::new(b"secret", "notifications").tag(TARGETS[0]).to_string(),
            text
        );
    }

    proptest! {
        #[test]
        fn forged_values_name_nothing(value in "[0-9a-f+]{0,40}|\\PC{0,40}") {
            for target in TARGETS {
                prop_assert!(!names(&Affinity::new(b"secret", "n"), &value, target));
            }
        }
    }
}
