//! No forgery is admitted: neither those that are known, nor any token with a single byte changed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod signers;

use proptest::prelude::*;
use shared_identity::{Algorithm, KeySet, Origin, TokenError, Verifier, VerifierSettings};
use shared_testkit::{TestTokens, forgeries};
use signers::Signer;

#[test]
fn no_known_forgery_is_admitted() {
    let tokens = TestTokens::new();
    let verifier = Verifier::new(VerifierSettings::default());
    verifier.set_keys(tokens.jwks().as_bytes()).unwrap();
    // It also knows keys of every other kind: none of them is taken for the one that a token names.
    let everything = Verifier::new(VerifierSettings {
        algorithms: Algorithm::ALL.into(),
        ..VerifierSettings::default()
    });
    let mut keys: serde_json::Value = serde_json::from_str(&tokens.jwks()).unwrap();
    let more = [Signer::es256("ec"), Signer::hs256("oct")].map(|signer| signer.jwk);
    keys["keys"].as_array_mut().unwrap().extend(more);
    let keys = KeySet::read(keys.to_string().as_bytes(), Origin::File, &Algorithm::ALL).unwrap();
    assert_eq!(everything.use_keys(keys), 3);

    let good = tokens.token(7, "ann");
    let forged = forgeries(&tokens);
    assert!(forged.len() > 500, "{}", forged.len());
    for verifier in [&verifier, &everything] {
        for _ in 0..2 {
            for forgery in &forged {
                let verdict = verifier.verify(&forgery.token);
                assert!(verdict.is_err(), "{}: {}", forgery.name, forgery.token);
                assert_eq!(
                    verifier.peek(&forgery.token).map(|_| ()),
                    verdict.map(|_| ()),
                    "{}",
                    forgery.name
                );
            }
            assert_eq!(verifier.verify(&good).unwrap().sub, "7");
        }
    }
}

#[test]
fn what_a_forgery_is_told_says_no_more_than_needed() {
    let tokens = TestTokens::new();
    let verifier = Verifier::new(VerifierSettings::default());
    verifier.set_keys(tokens.jwks().as_bytes()).unwrap();
    for forgery in forgeries(&tokens) {
        let error = verifier.verify(&forgery.token).unwrap_err();
        let expired = ["exp past", "exp at 0"].contains(&&*forgery.name);
        let later = ["nbf to come", "iat to come"].contains(&&*forgery.name);
        match error {
            TokenError::Expired => assert!(expired, "{}", forgery.name),
            TokenError::NotYet => assert!(later, "{}", forgery.name),
            TokenError::UnknownKey | TokenError::Invalid => assert!(!expired && !later, "{}", forgery.name),
            TokenError::Revoked => panic!("{}", forgery.name),
        }
    }
}

#[test]
fn an_ecdsa_signature_is_two_numbers_of_their_size_and_not_zero() {
    let signer = Signer::es256("k");
    let verifier = signer.verifier();
    let good = signer.token();
    verifier.verify(&good).unwrap();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (raw, der) = (signers::decode(signature), signer.der(message));
    let (r, s) = raw.split_at(32);
    let with = |signature: &[u8]| format!("{message}.{}", signers::encode(signature));
    for bad in [
        vec![0; 64],
        [r, &[0; 32]].concat(),
        [&[0; 32], s].concat(),
        [&[0xff; 32], s].concat(),
        [s, r].concat(),
        [&[0], r, &[0], s].concat(),
        [&raw[..], &[0]].concat(),
        raw[..63].to_vec(),
        der,
        Vec::new(),
    ] {
        assert_eq!(verifier.verify(&with(&bad)), Err(TokenError::Invalid), "{bad:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Base64url without padding has one spelling, and every byte of it is signed or a signature.
    #[test]
    fn a_token_with_one_byte_changed_is_refused(place in any::<prop::sample::Index>(), byte in 1..128_u8, kind in 0..3_usize) {
        let signer = [Signer::eddsa, Signer::es256, Signer::hs256][kind]("k");
        let verifier = signer.verifier();
        let good = signer.token();
        prop_assert!(verifier.verify(&good).is_ok());
        let mut changed = good.clone().into_bytes();
        let place = place.index(changed.len());
        changed[place] ^= byte;
        let changed = String::from_utf8(changed).unwrap();
        prop_assert!(verifier.verify(&changed).is_err(), "{place}: {changed}");
        prop_assert!(verifier.peek(&changed).is_err());
        prop_assert!(verifier.verify(&good).is_ok());
    }

    /// Whatever is shown, it is judged.
    #[test]
    fn no_text_breaks_it(text in ".{0,300}", parts in prop::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        let verifier = Signer::eddsa("k").verifier();
        prop_assert!(verifier.verify(&text).is_err());
        prop_assert!(verifier.verify(&parts.join(".")).is_err());
    }
}

/// Each place of a token of ours, with another letter of the alphabet.
#[test]
fn every_place_of_a_token_counts() {
    let signer = Signer::eddsa("k");
    let (verifier, good) = (signer.verifier(), signer.token());
    for place in 0..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(verifier.verify(&changed).is_err(), "{place}");
    }
}
