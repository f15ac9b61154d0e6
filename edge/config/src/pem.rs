//! Certificates and keys as PEM files hold them (RFC 7468).

use std::time::SystemTime;
use x509_cert::{
    Certificate, TbsCertificate,
    der::{Decode, Encode, pem::decode_vec},
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// A certificate, as far as it is looked at.
#[derive(Debug)]
pub(crate) struct Pem {
    /// Valid from.
    pub(crate) not_before: SystemTime,
    /// Valid until.
    pub(crate) not_after: SystemTime,
    /// Its `SubjectPublicKeyInfo`, DER.
    pub(crate) public_key: Vec<u8>,
    /// The hosts that it is made out to, in lower case.
    pub(crate) names: Vec<String>,
}

const BEGIN: &str = "-----BEGIN ";
const CERTIFICATE: &str = "CERTIFICATE";

/// Whether a file holds a private key.
pub(crate) fn holds_key(text: &str) -> bool {
    blocks(text).any(|(label, _)| label.ends_with("PRIVATE KEY"))
}

/// Whether a file holds a certificate.
pub(crate) fn holds_certificate(text: &str) -> bool {
    blocks(text).any(|(label, _)| label == CERTIFICATE)
}

/// Labels with the blocks that they begin.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices(BEGIN).filter_map(|(start, _)| {
        let block = &text[start..];
        let label = block[BEGIN.len()..].split("-----").next()?;
        let end = format!("-----END {label}-----");
        let length = block.find(&end)? + end.len();
        Some((label, &block[..length]))
    })
}

/// The first certificate of a file; the others only have to be some.
///
/// # Errors
/// What the file is instead, to go behind its name.
pub(crate) fn certificate(text: &str) -> Result<Pem, &'static str> {
    const BROKEN: &str = "holds a certificate that cannot be read; make it anew";
    let mut first = None;
    for (_, block) in blocks(text).filter(|(label, _)| *label == CERTIFICATE) {
        let (_, der) = decode_vec(block.as_bytes()).map_err(|_| BROKEN)?;
        let read = Certificate::from_der(&der).map_err(|_| BROKEN)?.tbs_certificate;
        let public_key = read.subject_public_key_info.to_der().map_err(|_| BROKEN)?;
        first.get_or_insert(Pem {
            not_before: read.validity.not_before.to_system_time(),
            not_after: read.validity.not_after.to_system_time(),
            public_key,
            names: names(&read),
        });
    }
    first.ok_or(if holds_key(text) {
        "holds a private key and no certificate; name the certificate's file"
    } else {
        "holds no certificate; it must be PEM, `-----BEGIN CERTIFICATE-----`"
    })
}

/// Until when the first certificate of a PEM file is valid; none where there is none that can be read.
pub fn not_after(text: &str) -> Option<SystemTime> {
    certificate(text).ok().map(|leaf| leaf.not_after)
}

fn names(certificate: &TbsCertificate) -> Vec<String> {
    let Ok(Some((_, SubjectAltName(names)))) = certificate.get::<SubjectAltName>() else {
        return Vec::new();
    };
    let names = names.into_iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        _ => None,
    });
    names.collect()
}

/// The public half of a file's private key, as `SubjectPublicKeyInfo`, DER.
///
/// # Errors
/// What the file is instead, to go behind its name. Nothing of the key is repeated.
pub(crate) fn public_key(text: &str) -> Result<Vec<u8>, &'static str> {
    let Some((label, block)) = blocks(text).find(|(label, _)| label.ends_with("PRIVATE KEY")) else {
        return Err(if holds_certificate(text) {
            "holds a certificate and no private key; name the key's file"
        } else {
            "holds no private key; it must be PEM, `-----BEGIN PRIVATE KEY-----`"
        });
    };
    if label.starts_with("ENCRYPTED") || block.contains("Proc-Type: 4,ENCRYPTED") {
        return Err("is encrypted, and nobody is there to type its password; store it decrypted, for this user alone");
    }
    let (_, der) = decode_vec(block.as_bytes()).map_err(|_| "holds a private key that cannot be read; make it anew")?;
    keys::public(label, &der).ok_or("holds a key of a kind that is not known; use Ed25519, P-256, P-384 or RSA")
}

mod keys {
    //! The kinds of keys, one after the other.

    use p256::pkcs8::{DecodePrivateKey, EncodePublicKey};
    use rsa::pkcs1::DecodeRsaPrivateKey;

    pub(super) fn public(label: &str, der: &[u8]) -> Option<Vec<u8>> {
        let public = match label {
            "EC PRIVATE KEY" => p256::SecretKey::from_sec1_der(der)
                .map(|key| key.public_key().to_public_key_der())
                .or_else(|_| p384::SecretKey::from_sec1_der(der).map(|key| key.public_key().to_public_key_der()))
                .ok()?,
            "RSA PRIVATE KEY" => rsa::RsaPrivateKey::from_pkcs1_der(der)
                .ok()?
                .to_public_key()
                .to_public_key_der(),
            _ => pkcs8(der)?,
        };
        Some(public.ok()?.into_vec())
    }

    fn pkcs8(der: &[u8]) -> Option<p256::pkcs8::spki::Result<p256::pkcs8::Document>> {
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Some(key.verifying_key().to_public_key_der());
        }
        if let Ok(key) = p256::SecretKey::from_pkcs8_der(der) {
            return Some(key.public_key().to_public_key_der());
        }
        if let Ok(key) = p384::SecretKey::from_pkcs8_der(der) {
            return Some(key.public_key().to_public_key_der());
        }
        let key = rsa::RsaPrivateKey::from_pkcs8_der(der).ok()?;
        Some(key.to_public_key().to_public_key_der())
    }
}
