//! Signers of every kind.
#![allow(dead_code, reason = "each test uses some")]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use p256::ecdsa::signature::{RandomizedSigner, Signer as _};
use rsa::{rand_core::OsRng, signature::SignatureEncoding, traits::PublicKeyParts};
use serde_json::{Value, json};
use sha2::Sha256;
use shared_identity::{Algorithm, KeySet, Origin, Verifier, VerifierSettings};
use shared_testkit::TestTokens;
use std::sync::LazyLock;

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// Making one takes a while.
static RSA: LazyLock<rsa::RsaPrivateKey> = LazyLock::new(|| rsa::RsaPrivateKey::new(&mut OsRng, 2048).unwrap());

enum Secret {
    Ed(Box<ed25519_dalek::SigningKey>),
    Ec(Box<p256::ecdsa::SigningKey>),
    Rsa,
    Pss,
    Hmac([u8; 32]),
}

pub struct Signer {
    pub algorithm: Algorithm,
    pub jwk: Value,
    secret: Secret,
}

impl Signer {
    pub fn eddsa(kid: &str) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&rand::random());
        let x = encode(key.verifying_key().as_bytes());
        Self {
            algorithm: Algorithm::EdDSA,
            jwk: json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x }),
            secret: Secret::Ed(Box::new(key)),
        }
    }

    pub fn es256(kid: &str) -> Self {
        let key = p256::ecdsa::SigningKey::random(&mut OsRng);
        let point = key.verifying_key().to_encoded_point(false);
        let [x, y] = [point.x(), point.y()].map(|coordinate| encode(coordinate.unwrap()));
        Self {
            algorithm: Algorithm::ES256,
            jwk: json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y }),
            secret: Secret::Ec(Box::new(key)),
        }
    }

    pub fn rs256(kid: &str) -> Self {
        let [n, e] = [RSA.n(), RSA.e()].map(|number| encode(&number.to_bytes_be()));
        Self {
            algorithm: Algorithm::RS256,
            jwk: json!({ "kty": "RSA", "kid": kid, "n": n, "e": e }),
            secret: Secret::Rsa,
        }
    }

    pub fn ps256(kid: &str) -> Self {
        Self {
            algorithm: Algorithm::PS256,
            secret: Secret::Pss,
            ..Self::rs256(kid)
        }
    }

    pub fn hs256(kid: &str) -> Self {
        let secret: [u8; 32] = rand::random();
        Self {
            algorithm: Algorithm::HS256,
            jwk: json!({ "kty": "oct", "kid": kid, "k": encode(&secret) }),
            secret: Secret::Hmac(secret),
        }
    }

    /// A verifier that knows its key alone.
    pub fn verifier(&self) -> Verifier {
        let verifier = Verifier::new(VerifierSettings {
            algorithms: vec![self.algorithm],
            ..VerifierSettings::default()
        });
        verifier.use_keys(self.key_set());
        verifier
    }

    pub fn key_set(&self) -> KeySet {
        let set = json!({ "keys": [self.jwk] }).to_string();
        KeySet::read(set.as_bytes(), Origin::File, &[self.algorithm]).unwrap()
    }

    /// A token of user 7.
    pub fn token(&self) -> String {
        self.sign(&serde_json::to_value(TestTokens::claims(7, "ann")).unwrap())
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": self.algorithm.as_str(), "typ": "JWT", "kid": self.jwk["kid"] });
        self.sign_with(&header, claims)
    }

    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        let message = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let bytes = message.as_bytes();
        let signature = match &self.secret {
            Secret::Ed(key) => encode(&key.sign(bytes).to_bytes()),
            Secret::Ec(key) => {
                let signature: p256::ecdsa::Signature = key.sign(bytes);
                encode(&signature.to_bytes())
            }
            Secret::Rsa => {
                let key = rsa::pkcs1v15::SigningKey::<Sha256>::new(RSA.clone());
                encode(&key.sign(bytes).to_bytes())
            }
            Secret::Pss => {
                let key = rsa::pss::SigningKey::<Sha256>::new(RSA.clone());
                encode(&key.sign_with_rng(&mut OsRng, bytes).to_bytes())
            }
            Secret::Hmac(secret) => {
                let key = EncodingKey::from_secret(secret);
                jsonwebtoken::crypto::sign(bytes, &key, jsonwebtoken::Algorithm::HS256).unwrap()
            }
        };
        format!("{message}.{signature}")
    }

    /// An ECDSA signature in DER.
    pub fn der(&self, message: &str) -> Vec<u8> {
        let Secret::Ec(key) = &self.secret else {
            panic!("no ECDSA key");
        };
        let signature: p256::ecdsa::Signature = key.sign(message.as_bytes());
        signature.to_der().as_bytes().to_vec()
    }
}
