//! Which ciphers are preferred. The edge's order decides, AES first; but a client that puts ChaCha20 before all else has no instructions
//! for AES, and gets what is cheap for it. None of them is weak.

use super::PROVIDER;
use rustls::{CipherSuite, ServerConfig, crypto::CryptoProvider, server::ClientHello};
use std::sync::{Arc, LazyLock};

/// The same as [`PROVIDER`], with ChaCha20 before AES.
static CHACHA_FIRST: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    let mut provider = CryptoProvider::clone(&PROVIDER);
    provider.cipher_suites.sort_by_key(|suite| !is_chacha(suite.suite()));
    Arc::new(provider)
});

/// One way to shake hands for each order.
#[derive(Clone)]
pub(crate) struct Configs {
    aes_first: Arc<ServerConfig>,
    chacha_first: Arc<ServerConfig>,
}

impl Configs {
    /// What `make` makes with each order.
    pub(super) fn make<E>(make: impl Fn(&Arc<CryptoProvider>) -> Result<ServerConfig, E>) -> Result<Self, E> {
        let make = |provider| {
            let mut config = make(provider)?;
            config.ignore_client_order = true;
            Ok(Arc::new(config))
        };
        Ok(Self {
            aes_first: make(&PROVIDER)?,
            chacha_first: make(&CHACHA_FIRST)?,
        })
    }

    /// The one for a client.
    pub(super) fn of(&self, hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        Arc::clone(match wants_chacha(hello.cipher_suites()) {
            true => &self.chacha_first,
            false => &self.aes_first,
        })
    }
}

/// Whether a client's first wish is ChaCha20.
fn wants_chacha(wishes: &[CipherSuite]) -> bool {
    let mut real = wishes.iter().filter(|suite| !is_grease(**suite));
    real.next().is_some_and(|suite| is_chacha(*suite))
}

/// A value that means nothing (RFC 8701).
fn is_grease(suite: CipherSuite) -> bool {
    let [high, low] = u16::from(suite).to_be_bytes();
    high == low && low & 0xf == 0xa
}

fn is_chacha(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use CipherSuite::{TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 as OLD_CHACHA, TLS13_AES_128_GCM_SHA256 as AES};
    use CipherSuite::{TLS13_CHACHA20_POLY1305_SHA256 as CHACHA, Unknown};

    #[test]
    fn a_first_wish_is_what_is_no_grease() {
        for (wishes, wants) in [
            (&[CHACHA, AES][..], true),
            (&[OLD_CHACHA, AES], true),
            (&[Unknown(0x3a3a), CHACHA, AES], true),
            (&[Unknown(0x3a3a), AES, CHACHA], false),
            (&[Unknown(0x0a0b), CHACHA], false),
            (&[AES, CHACHA], false),
            (&[], false),
        ] {
            assert_eq!(wants_chacha(wishes), wants, "{wishes:?}");
        }
    }

    #[test]
    fn both_orders_have_the_same_ciphers() {
        let suites =
            |provider: &CryptoProvider| provider.cipher_suites.iter().map(|one| one.suite()).collect::<Vec<_>>();
        let (usual, other) = (suites(&PROVIDER), suites(&CHACHA_FIRST));
        assert_eq!(usual.len(), other.len());
        assert!(usual.iter().all(|suite| other.contains(suite)));
        assert!(!is_chacha(usual[0]) && other[..3].iter().all(|suite| is_chacha(*suite)));
    }
}
