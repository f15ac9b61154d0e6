//! Project Wycheproof's vectors through the way that every token's signature takes: a key of a set, and [`Key::verifies`].

use super::*;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// What became of a file's vectors.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    valid: usize,
    invalid: usize,
    /// Keys that a set may not hold, so that nothing is ever checked by them.
    no_key: usize,
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key(jwk: &Value) -> Option<Arc<Key>> {
    let set = json!({ "keys": [jwk] }).to_string();
    let mut set = KeySet::read(set.as_bytes(), Origin::File, &Algorithm::ALL).ok()?;
    set.keys.pop()
}

impl Count {
    fn check(&mut self, name: &str, key: &Key, message: &[u8], signature: &[u8], want: TestResult) {
        let verifies = key.verifies(message, &base64(signature));
        match want {
            TestResult::Valid => {
                assert!(verifies, "{name} is good");
                self.valid += 1;
            }
            TestResult::Invalid => {
                assert!(!verifies, "{name} is forged");
                self.invalid += 1;
            }
            TestResult::Acceptable => {}
        }
    }
}

#[test]
fn vectors_of_eddsa() {
    let mut count = Count::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(&group.key.pk) });
        let key = key(&jwk).expect("a key");
        for test in group.tests {
            count.check(
                &format!("Ed25519 {}", test.tc_id),
                &key,
                &test.msg,
                &test.sig,
                test.result,
            );
        }
    }
    assert!(count.valid > 50 && count.invalid > 50, "{count:?}");
}

#[test]
fn vectors_of_ecdsa() {
    for (curve, file) in [
        ("P-256", ecdsa::TestName::EcdsaSecp256r1Sha256P1363),
        ("P-384", ecdsa::TestName::EcdsaSecp384r1Sha384P1363),
    ] {
        let mut count = Count::default();
        for group in ecdsa::TestSet::load(file).unwrap().test_groups {
            let (x, y) = group.key.key[1..].split_at((group.key.key.len() - 1) / 2);
            let jwk = json!({ "kty": "EC", "crv": curve, "x": base64(x), "y": base64(y) });
            let key = key(&jwk).expect("a key");
            for test in group.tests {
                count.check(
                    &format!("{curve} {}", test.tc_id),
                    &key,
                    &test.msg,
                    &test.sig,
                    test.result,
                );
            }
        }
        assert!(count.valid > 50 && count.invalid > 50, "{count:?}");
    }
}

/// DER is how others write these signatures; here it is no signature at all (RFC 7518, section 3.4).
#[test]
fn vectors_of_ecdsa_in_der() {
    for group in ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256)
        .unwrap()
        .test_groups
    {
        let (x, y) = group.key.key[1..].split_at(32);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": base64(x), "y": base64(y) });
        let key = key(&jwk).expect("a key");
        for test in group.tests {
            assert!(!key.verifies(&test.msg, &base64(&test.sig)), "{}", test.tc_id);
        }
    }
}

#[test]
fn vectors_of_rsa() {
    for file in [
        rsa_pkcs1_verify::TestName::Rsa2048Sha256,
        rsa_pkcs1_verify::TestName::Rsa3072Sha256,
        rsa_pkcs1_verify::TestName::Rsa4096Sha256,
    ] {
        let mut count = Count::default();
        for group in rsa_pkcs1_verify::TestSet::load(file).unwrap().test_groups {
            let key = rsa_key("RS256", &group.key.n, &group.key.e);
            for test in group.tests {
                match &key {
                    Some(key) => count.check(&format!("RS256 {}", test.tc_id), key, &test.msg, &test.sig, test.result),
                    None => count.no_key += 1,
                }
            }
        }
        assert!(count.valid > 5 && count.invalid > 100, "{count:?}");
        assert!(count.no_key < 10, "{count:?}");
    }
}

#[test]
fn vectors_of_rsa_pss() {
    for file in [
        rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen32,
        rsa_pss_verify::TestName::RsaPss4096Sha256Mgf1SaltLen32,
    ] {
        let mut count = Count::default();
        for group in rsa_pss_verify::TestSet::load(file).unwrap().test_groups {
            let key = rsa_key("PS256", &group.key.n, &group.key.e).expect("a key");
            for test in group.tests {
                count.check(
                    &format!("PS256 {}", test.tc_id),
                    &key,
                    &test.msg,
                    &test.sig,
                    test.result,
                );
            }
        }
        assert!(count.valid > 30 && count.invalid > 30, "{count:?}");
    }
}

fn rsa_key(alg: &str, modulus: &[u8], exponent: &[u8]) -> Option<Arc<Key>> {
    key(&json!({ "kty": "RSA", "alg": alg, "n": base64(modulus), "e": base64(exponent) }))
}

#[test]
fn vectors_of_hmac() {
    let mut count = Count::default();
    for group in mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups {
        for test in group.tests {
            let Some(key) = key(&json!({ "kty": "oct", "k": base64(&test.key) })) else {
                assert!(test.key.len() < 32);
                count.no_key += 1;
                continue;
            };
            // A tag of some of the bytes is good elsewhere, and here it is none.
            let want = match group.tag_size {
                256 => test.result,
                _ => TestResult::Invalid,
            };
            count.check(&format!("HS256 {}", test.tc_id), &key, &test.msg, &test.tag, want);
        }
    }
    assert!(count.valid > 20 && count.invalid > 20, "{count:?}");
}
