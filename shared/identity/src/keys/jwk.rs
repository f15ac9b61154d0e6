//! One key of a set (RFC 7517, RFC 7518 section 6, RFC 8037).

use super::Origin;
use crate::Algorithm;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, crypto::rust_crypto::DEFAULT_PROVIDER};
use serde_json::Value;

/// Bits of an RSA modulus: weaker ones are not safe (RFC 7518, section 3.3), longer ones not known to the library.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// Least bytes of a symmetric key: as many as its hash has (RFC 7518, section 3.2).
const LEAST_SECRET: usize = 32;

/// The key, and the one algorithm it is for.
pub(super) fn read(
    jwk: &Value,
    origin: Origin,
    algorithms: &[Algorithm],
) -> Result<(Algorithm, DecodingKey), &'static str> {
    let kind = text(jwk, "kty").ok_or("it names no `kty`; mend it")?;
    let fits: &[Algorithm] = match (kind, text(jwk, "crv")) {
        ("OKP", Some("Ed25519")) => &[Algorithm::EdDSA],
        ("EC", Some("P-256")) => &[Algorithm::ES256],
        ("EC", Some("P-384")) => &[Algorithm::ES384],
        ("RSA", _) => &[Algorithm::RS256, Algorithm::PS256],
        ("oct", _) if origin == Origin::File => &[Algorithm::HS256],
        ("oct", _) => {
            return Err("a symmetric key came over the network, so it is no secret; put it into a local file");
        }
        _ => return Err("keys of its kind are not known here"),
    };
    if kind != "oct" && jwk.get("d").is_some() {
        return Err("it is a private key, which a key set must not hold; replace it, it is no secret any more");
    }
    for_signatures(jwk)?;
    let algorithm = algorithm(jwk, fits, algorithms)?;
    let key = material(jwk, algorithm)?;
    // The library reads a key whenever it checks a signature: what it would not take then is told now.
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm.in_library(), &key)
        .map_err(|_| "its numbers are no key of its kind; mend it")?;
    Ok((algorithm, key))
}

/// It must not be meant for anything else (RFC 7517, sections 4.2 and 4.3).
fn for_signatures(jwk: &Value) -> Result<(), &'static str> {
    let usable = jwk.get("use").is_none_or(|usage| usage == "sig");
    let operable = match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    };
    if usable && operable {
        Ok(())
    } else {
        Err("it is not for signatures")
    }
}

/// Its own, or the first accepted one that fits its kind.
fn algorithm(jwk: &Value, fits: &[Algorithm], algorithms: &[Algorithm]) -> Result<Algorithm, &'static str> {
    let own = match jwk.get("alg") {
        None => None,
        Some(name) => {
            let own = name.as_str().and_then(Algorithm::from_name);
            let own = own.filter(|own| fits.contains(own));
            Some(own.ok_or("its `alg` is not known, or does not fit its kind")?)
        }
    };
    let mut accepted = algorithms.iter().copied().filter(|algorithm| fits.contains(algorithm));
    match own {
        Some(own) => accepted.find(|algorithm| *algorithm == own),
        None => accepted.next(),
    }
    .ok_or("its algorithm is not accepted; name it in `algorithms` if it shall be")
}

fn material(jwk: &Value, algorithm: Algorithm) -> Result<DecodingKey, &'static str> {
    let bytes = |name| {
        let text = text(jwk, name).ok_or("a number is missing; mend it")?;
        URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| "a number is not base64url without padding; mend it")
    };
    let point = |length| {
        let mut point = vec![4];
        for name in ["x", "y"] {
            let coordinate = bytes(name)?;
            if coordinate.len() != length {
                return Err("a number has the wrong length for its curve; mend it");
            }
            point.extend(coordinate);
        }
        Ok(DecodingKey::from_ec_der(&point))
    };
    match algorithm {
        Algorithm::EdDSA => match bytes("x")? {
            key if key.len() == 32 => Ok(DecodingKey::from_ed_der(&key)),
            _ => Err("a number has the wrong length for its curve; mend it"),
        },
        Algorithm::ES256 => point(32),
        Algorithm::ES384 => point(48),
        Algorithm::RS256 | Algorithm::PS256 => rsa(&bytes("n")?, &bytes("e")?),
        Algorithm::HS256 => match bytes("k")? {
            secret if secret.len() >= LEAST_SECRET => Ok(DecodingKey::from_secret(&secret)),
            _ => Err("it is shorter than 32 bytes, and could be guessed; make a longer one"),
        },
    }
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<DecodingKey, &'static str> {
    if !RSA_BITS.contains(&bits(modulus)) {
        return Err("its modulus has not 2048 to 4096 bits; make another key");
    }
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !odd(modulus) || !odd(exponent) || !(2..=33).contains(&bits(exponent)) {
        return Err("its numbers are no key of its kind; mend it");
    }
    Ok(DecodingKey::from_rsa_raw_components(modulus, exponent))
}

/// Bits of a number, most significant byte first.
fn bits(number: &[u8]) -> usize {
    let significant = number
        .iter()
        .position(|byte| *byte != 0)
        .map_or(&[][..], |first| &number[first..]);
    let spare = significant.first().map_or(0, |byte| byte.leading_zeros() as usize);
    significant.len() * 8 - spare
}

fn text<'j>(jwk: &'j Value, name: &str) -> Option<&'j str> {
    jwk.get(name)?.as_str()
}
