//! Authenticated encryption of short secrets at rest (ChaCha20-Poly1305, RFC 8439).

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit, Nonce,
    aead::{Aead, Payload},
};

const NONCE_BYTES: usize = 12;

/// Seals and opens under one key.
pub(crate) struct Sealer(ChaCha20Poly1305);

impl Sealer {
    /// A sealer under these 32 bytes.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(ChaCha20Poly1305::new(key.into()))
    }

    /// A sealer under a key written as 64 hex digits.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut key = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self::new(&key))
    }

    /// Seals `secret` for `purpose`; the nonce goes in front. `None` only where the cipher refuses the length.
    pub(crate) fn seal(&self, purpose: &str, secret: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: secret,
            aad: purpose.as_bytes(),
        };
        let sealed = self.0.encrypt(Nonce::from_slice(&nonce), payload).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`Sealer::seal`] made under the same key for the same purpose.
    pub(crate) fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let payload = Payload {
            msg: sealed,
            aad: purpose.as_bytes(),
        };
        self.0.decrypt(Nonce::from_slice(nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn opens_its_own_alone() {
        let sealer = Sealer::from_hex(&"0f".repeat(32)).unwrap();
        let sealed = sealer.seal("a", b"secret").unwrap();
        assert_eq!(sealer.open("a", &sealed).unwrap(), b"secret");
        assert!(sealer.open("b", &sealed).is_none());
        assert!(sealer.open("a", &sealed[1..]).is_none());
        assert!(sealer.open("a", b"short").is_none());
        assert!(Sealer::from_hex(&"0e".repeat(32)).unwrap().open("a", &sealed).is_none());
    }

    #[test]
    fn keys_are_64_hex_digits() {
        for wrong in ["", "0f", &"0g".repeat(32), &"+1".repeat(32), &"0f".repeat(33)] {
            assert!(Sealer::from_hex(wrong).is_none(), "{wrong}");
        }
    }
}
