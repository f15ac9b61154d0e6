//! What is accepted, and what is not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use shared_contracts::{claims::Claims, revocation::Revocation};
use shared_identity::{KeySetError, TokenError, Verifier, VerifierSettings};
use shared_testkit::TestTokens;

fn verifier(tokens: &TestTokens) -> Verifier {
    let verifier = Verifier::new(VerifierSettings::default());
    verifier.set_keys(tokens.jwks().as_bytes()).unwrap();
    verifier
}

fn claims() -> Claims {
    TestTokens::claims(7, "ann")
}

#[test]
fn a_genuine_token_is_accepted_each_time() {
    let tokens = TestTokens::new();
    let verifier = verifier(&tokens);
    let token = tokens.sign(&claims());
    for _ in 0..2 {
        assert_eq!(verifier.verify(&token).unwrap().sub, "7");
    }
}

#[test]
fn a_look_judges_alike_and_remembers_nothing() {
    let (tokens, others) = (TestTokens::new(), TestTokens::new());
    let verifier = verifier(&tokens);
    let old = Claims {
        exp: claims().iat - 60,
        ..claims()
    };
    for token in [
        tokens.sign(&claims()),
        tokens.sign(&old),
        others.sign(&claims()),
        "nonsense".to_owned(),
        "x".repeat(9000),
    ] {
        let (looked, judged) = (verifier.peek(&token), verifier.verify(&token));
        assert_eq!(
            looked.map(|verified| verified.sid),
            judged.map(|verified| verified.sid.clone()),
            "{token}"
        );
    }
    let token = tokens.sign(&claims());
    verifier.peek(&token).unwrap();
    verifier.set_keys(others.jwks().as_bytes()).unwrap();
    assert_eq!(verifier.peek(&token).unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn without_keys_a_token_says_who_it_claims_to_be_and_what_no_key_makes_good_is_refused() {
    let (tokens, verifier) = (TestTokens::new(), Verifier::new(VerifierSettings::default()));
    let token = tokens.sign(&claims());
    assert_eq!(verifier.verify(&token), Err(TokenError::UnknownKey));
    assert_eq!(verifier.unverified(&token).unwrap().sub, "7");
    let old = Claims {
        exp: claims().iat - 60,
        ..claims()
    };
    assert_eq!(verifier.unverified(&tokens.sign(&old)), Err(TokenError::Expired));
    for bad in ["nonsense", "a.b.c", &*"x".repeat(9000)] {
        assert_eq!(verifier.unverified(bad), Err(TokenError::Invalid), "{bad}");
    }
}

#[test]
fn what_says_the_wrong_thing_is_refused() {
    let tokens = TestTokens::new();
    let verifier = verifier(&tokens);
    let good = claims();
    let cases = [
        (
            Claims {
                exp: good.iat - 60,
                ..good.clone()
            },
            TokenError::Expired,
        ),
        (
            Claims {
                aud: "another-api".into(),
                ..good.clone()
            },
            TokenError::Invalid,
        ),
        (
            Claims {
                iss: "another-auth".into(),
                ..good.clone()
            },
            TokenError::Invalid,
        ),
    ];
    for (claims, error) in cases {
        assert_eq!(verifier.verify(&tokens.sign(&claims)).unwrap_err(), error, "{claims:?}");
    }
}

#[test]
fn what_is_not_signed_by_a_known_key_is_refused() {
    let tokens = TestTokens::new();
    let verifier = verifier(&tokens);
    assert_eq!(
        verifier.verify(&TestTokens::new().sign(&claims())).unwrap_err(),
        TokenError::UnknownKey
    );

    let token = tokens.sign(&claims());
    let [head, body, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let encode = |value: &str| URL_SAFE_NO_PAD.encode(value);
    let mut forged = claims();
    forged.sub = "1".into();
    let forged = encode(&serde_json::to_string(&forged).unwrap());
    let kid = tokens.kid();
    let none = encode(&format!(r#"{{"alg":"none","kid":"{kid}"}}"#));
    let hs256 = encode(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#));
    let no_kid = encode(r#"{"alg":"EdDSA"}"#);
    for token in [
        format!("{head}.{forged}.{signature}"),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{hs256}.{body}.{signature}"),
        format!("{no_kid}.{body}.{signature}"),
        format!("{head}.{body}."),
        format!("{head}.{body}"),
        format!("{token}."),
        String::new(),
        "a.b.c".into(),
        "x".repeat(100_000),
    ] {
        assert_eq!(verifier.verify(&token).unwrap_err(), TokenError::Invalid, "{token:.80}");
    }
}

#[test]
fn an_ended_session_is_refused_though_its_token_was_accepted_before() {
    let tokens = TestTokens::new();
    let verifier = verifier(&tokens);
    let claims = claims();
    let token = tokens.sign(&claims);
    verifier.verify(&token).unwrap();
    verifier.revoke(&Revocation::session(&claims.sid, claims.exp));
    assert_eq!(verifier.verify(&token).unwrap_err(), TokenError::Revoked);
    verifier.prune();
    assert_eq!(verifier.verify(&token).unwrap_err(), TokenError::Revoked);
}

#[test]
fn a_withdrawn_key_counts_no_more_and_a_bad_key_set_changes_nothing() {
    let (old, new) = (TestTokens::new(), TestTokens::new());
    let verifier = verifier(&old);
    let token = old.sign(&claims());
    verifier.verify(&token).unwrap();
    assert!(matches!(verifier.set_keys(b"{}"), Err(KeySetError::Malformed(_))));
    assert!(matches!(
        verifier.set_keys(br#"{"keys":[]}"#),
        Err(KeySetError::Empty(_))
    ));
    verifier.verify(&token).unwrap();
    verifier.set_keys(new.jwks().as_bytes()).unwrap();
    assert_eq!(verifier.verify(&token).unwrap_err(), TokenError::UnknownKey);
    verifier.verify(&new.sign(&claims())).unwrap();
}

#[test]
fn without_keys_nothing_is_accepted() {
    let verifier = Verifier::new(VerifierSettings::default());
    assert!(!verifier.has_keys());
    assert_eq!(
        verifier.verify(&TestTokens::new().sign(&claims())).unwrap_err(),
        TokenError::UnknownKey
    );
}

#[test]
fn a_successor_knows_the_same_ended_sessions_and_takes_keys_when_it_may() {
    let tokens = TestTokens::new();
    let first = verifier(&tokens);
    let ended = claims();
    first.revoke(&Revocation::session(&ended.sid, ended.exp));
    let second = first.successor(VerifierSettings {
        audience: "another-api".into(),
        ..VerifierSettings::default()
    });
    assert!(!second.has_keys(), "it may be for another issuer");
    second.take_keys(&first);
    let theirs = |claims: Claims| {
        tokens.sign(&Claims {
            aud: "another-api".into(),
            ..claims
        })
    };
    second.verify(&theirs(claims())).unwrap();
    assert_eq!(second.verify(&theirs(ended)).unwrap_err(), TokenError::Revoked);
    let late = claims();
    second.revoke(&Revocation::session(&late.sid, late.exp));
    assert_eq!(first.verify(&tokens.sign(&late)).unwrap_err(), TokenError::Revoked);
}

/// Those of a key that stays are not judged anew: nobody pays for a rotation twice.
#[test]
fn a_rotation_leaves_tokens_of_keys_that_stay_alone() {
    let (old, new) = (TestTokens::new(), TestTokens::new());
    let verifier = verifier(&old);
    let (first, second) = (old.sign(&claims()), new.sign(&claims()));
    verifier.verify(&first).unwrap();
    let known = |token: &str| verifier.recall(shared_identity::Digest::of(token)).is_some();
    let keys = |of: &[&TestTokens]| {
        let sets = of
            .iter()
            .map(|tokens| serde_json::from_str::<serde_json::Value>(&tokens.jwks()).unwrap());
        let keys: Vec<_> = sets.map(|set| set["keys"][0].clone()).collect();
        serde_json::json!({ "keys": keys }).to_string()
    };
    assert_eq!(verifier.verify(&second).unwrap_err(), TokenError::UnknownKey);
    assert!(!known(&second), "a key that is not known may come");
    verifier.set_keys(keys(&[&old, &new]).as_bytes()).unwrap();
    assert!(known(&first));
    verifier.verify(&second).unwrap();
    verifier.set_keys(keys(&[&new]).as_bytes()).unwrap();
    assert!(!known(&first) && known(&second));
    assert_eq!(verifier.verify(&first).unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn a_refused_token_is_remembered_and_displaces_no_good_one() {
    let tokens = TestTokens::new();
    let verifier = verifier(&tokens);
    let good = tokens.sign(&claims());
    verifier.verify(&good).unwrap();
    let mut forged = good.clone().into_bytes();
    let inside = good.len() - 10;
    forged[inside] = if forged[inside] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    assert_eq!(verifier.verify(&forged).unwrap_err(), TokenError::Invalid);
    let digest = shared_identity::Digest::of;
    assert_eq!(verifier.recall(digest(&forged)), Some(Err(TokenError::Invalid)));
    for number in 0..20_000 {
        assert_eq!(
            verifier.verify(&format!("{number}.b.c")).unwrap_err(),
            TokenError::Invalid
        );
    }
    assert!(matches!(verifier.recall(digest(&good)), Some(Ok(_))));
}
