//! Which keys are taken, and for what.

use super::*;
use serde_json::json;

const ALL: &[Algorithm] = &Algorithm::ALL;
/// A point of P-256 (RFC 7515, appendix A.3).
const EC: [&str; 2] = [
    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
];
/// A point of Ed25519 (RFC 8037, appendix A.2).
const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn ed() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": ED })
}

fn ec() -> Value {
    json!({ "kty": "EC", "crv": "P-256", "kid": "k", "x": EC[0], "y": EC[1] })
}

fn rsa(bits: usize) -> Value {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] >>= (8 - bits % 8) % 8;
    json!({ "kty": "RSA", "kid": "k", "n": base64(&modulus), "e": "AQAB" })
}

fn oct(bytes: usize) -> Value {
    json!({ "kty": "oct", "kid": "k", "k": base64(&vec![7; bytes]) })
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn with(mut key: Value, name: &str, value: Value) -> Value {
    key[name] = value;
    key
}

fn read(keys: &[Value], origin: Origin, algorithms: &[Algorithm]) -> Result<KeySet, KeySetError> {
    KeySet::read(json!({ "keys": keys }).to_string().as_bytes(), origin, algorithms)
}

fn algorithm(key: &Value, algorithms: &[Algorithm]) -> Option<Algorithm> {
    let set = read(std::slice::from_ref(key), Origin::File, algorithms).ok()?;
    Some(set.keys[0].algorithm)
}

#[test]
fn a_key_has_one_algorithm() {
    use Algorithm::{ES256, EdDSA, HS256, PS256, RS256};
    let named = |key, alg: &str| with(key, "alg", json!(alg));
    for (key, algorithms, want) in [
        (ed(), ALL, Some(EdDSA)),
        (ec(), ALL, Some(ES256)),
        (oct(32), ALL, Some(HS256)),
        (named(rsa(2048), "PS256"), ALL, Some(PS256)),
        (rsa(2048), ALL, Some(RS256)),
        (rsa(2048), &[PS256, RS256], Some(PS256)),
        (rsa(2048), &[EdDSA], None),
        (named(rsa(2048), "HS256"), ALL, None),
        (named(ed(), "HS256"), ALL, None),
        (named(ec(), "ES384"), ALL, None),
        (named(oct(32), "RS256"), ALL, None),
        (named(ed(), "none"), ALL, None),
        (named(rsa(2048), "RS256"), &[PS256], None),
        (with(ed(), "alg", json!(1)), ALL, None),
    ] {
        assert_eq!(algorithm(&key, algorithms), want, "{key}");
    }
}

#[test]
fn what_is_weak_broken_or_for_something_else_is_passed_over() {
    for (key, reason) in [
        (rsa(2047), "2048 to 4096"),
        (rsa(1024), "2048 to 4096"),
        (rsa(4097), "2048 to 4096"),
        (with(rsa(2048), "e", json!("AQ")), "no key of its kind"),
        (with(rsa(2048), "e", json!("Ag")), "no key of its kind"),
        (with(rsa(2048), "e", json!("AQAAAAAAAAAB")), "no key of its kind"),
        (oct(31), "32 bytes"),
        (with(ed(), "x", json!(base64(&[7; 31]))), "wrong length"),
        (with(ed(), "x", json!(base64(&[7; 33]))), "wrong length"),
        (
            with(ed(), "x", json!(base64(&[&[2][..], &[0; 31]].concat()))),
            "no key of its kind",
        ),
        (with(ed(), "x", json!(format!("{ED}="))), "base64url"),
        (with(ed(), "x", json!(1)), "missing"),
        (with(ed(), "crv", json!("Ed448")), "not known"),
        (with(ec(), "y", json!(EC[0])), "no key of its kind"),
        (with(ec(), "crv", json!("P-384")), "wrong length"),
        (with(ec(), "crv", json!("secp256k1")), "not known"),
        (with(ed(), "use", json!("enc")), "not for signatures"),
        (with(ed(), "key_ops", json!(["sign"])), "not for signatures"),
        (with(ed(), "key_ops", json!("verify")), "not for signatures"),
        (with(ed(), "d", json!("x")), "private"),
        (with(rsa(2048), "d", json!("x")), "private"),
        (json!({ "kid": "k" }), "kty"),
        (json!("k"), "kty"),
    ] {
        let good = with(ec(), "kid", json!("good"));
        let set = read(&[key.clone(), good], Origin::File, ALL).unwrap();
        assert_eq!(set.len(), 1, "{key}");
        assert!(
            set.passed_over()[0].reason.contains(reason),
            "{key}: {}",
            set.passed_over()[0]
        );
    }
    let usable = with(with(ed(), "use", json!("sig")), "key_ops", json!(["verify"]));
    assert!(read(&[usable], Origin::Network, ALL).unwrap().passed_over().is_empty());
}

#[test]
fn a_secret_that_travelled_is_none() {
    let refused = read(&[oct(32)], Origin::Network, ALL).err().unwrap().to_string();
    assert!(
        refused.contains("key `k`: a symmetric key came over the network"),
        "{refused}"
    );
    assert_eq!(read(&[oct(32)], Origin::File, ALL).unwrap().len(), 1);
    assert_eq!(read(&[oct(32), ed()], Origin::Network, ALL).unwrap().len(), 1);
}

#[test]
fn a_set_is_an_object_with_a_list_of_keys() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, "<html>"] {
        let read = KeySet::read(text.as_bytes(), Origin::Network, ALL);
        assert!(matches!(read, Err(KeySetError::Malformed(_))), "{text}");
    }
    assert!(matches!(read(&[], Origin::Network, ALL), Err(KeySetError::Empty(_))));
    let many: Vec<Value> = (0..MAX_KEYS + 5)
        .map(|number| with(ed(), "kid", json!(number.to_string())))
        .collect();
    let set = read(&many, Origin::Network, ALL).unwrap();
    assert_eq!((set.len(), set.passed_over().len()), (MAX_KEYS, 5));
}

#[test]
fn a_token_without_a_kid_needs_a_single_key() {
    let other = with(ed(), "kid", json!("other"));
    let found = |keys: &[Value], kid| {
        let set = read(keys, Origin::Network, ALL).unwrap();
        match set.find(kid, Algorithm::EdDSA) {
            Found::Key(key) => key.kid.clone(),
            Found::Wrong => Some("wrong".to_owned()),
            Found::Unknown => None,
        }
    };
    assert_eq!(found(&[ed(), ec()], None).as_deref(), Some("k"));
    assert_eq!(found(&[ed(), other.clone()], None).as_deref(), Some("wrong"));
    assert_eq!(found(&[ec()], None).as_deref(), Some("wrong"));
    assert_eq!(found(&[ec()], Some("k")).as_deref(), Some("wrong"));
    assert_eq!(
        found(&[ec(), ed()], Some("k")).as_deref(),
        Some("k"),
        "names may stand twice"
    );
    assert_eq!(found(&[ed(), other], Some("none")), None);
    assert!(matches!(KeySet::default().find(None, Algorithm::EdDSA), Found::Unknown));
}
