//! The affinity cookie: it names a target by a keyed MAC, so a client can neither choose a target nor learn an address.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt::Write;

/// Bytes of the MAC that the cookie carries: 128 bits, in hex.
const LENGTH: usize = 16;

/// Makes and reads the cookie's value for one upstream. Every edge with the same key agrees.
pub struct Affinity {
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for Affinity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

    fn mac(&self, address: &str) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(address.as_bytes());
        mac
    }

    /// The cookie's value for a target.
    pub fn value(&self, address: &str) -> String {
        let mac = self.mac(address).finalize().into_bytes();
        mac.iter()
            .take(LENGTH)
            .fold(String::with_capacity(LENGTH * 2), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
    }

    /// The index of the target that the value names; `None` for a forged or outdated one. Compares in constant time.
    pub fn find<'a>(&self, value: &str, targets: impl IntoIterator<Item = &'a str>) -> Option<usize> {
        let tag = unhex(value)?;
        targets
            .into_iter()
            .position(|address| self.mac(address).verify_truncated_left(&tag).is_ok())
    }
}

fn unhex(text: &str) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    if text.len() != LENGTH * 2 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TARGETS: [&str; 2] = ["127.0.0.1:3005", "127.0.0.1:3105"];

    #[test]
    fn names_a_target_without_its_address() {
        let affinity = Affinity::new(b"secret", "notifications");
        let value = affinity.value(TARGETS[1]);
        assert_eq!(value.len(), 32);
        assert_eq!(affinity.find(&value, TARGETS), Some(1));
        assert_eq!(
            Affinity::new(b"secret", "notifications").find(&value, TARGETS),
            Some(1),
            "another edge"
        );
        assert_eq!(Affinity::new(b"other", "notifications").find(&value, TARGETS), None);
        assert_eq!(Affinity::new(b"secret", "comments").find(&value, TARGETS), None);
        assert_eq!(affinity.find(&value, [TARGETS[0]]), None, "the target is gone");
    }

    proptest! {
        #[test]
        fn forged_values_name_nothing(value in "[0-9a-f]{0,40}|\\PC{0,40}") {
            prop_assert_eq!(Affinity::new(b"secret", "n").find(&value, TARGETS), None);
        }
    }
}
