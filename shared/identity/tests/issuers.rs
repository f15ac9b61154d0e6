//! Tokens of any issuer: algorithms, kinds, and what is made of their claims.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod signers;

use http::HeaderName;
use serde_json::{Value, json};
use shared_identity::{Algorithm, TokenError, Verifier, VerifierSettings, said_issuer};
use signers::Signer;

/// Claims of an issuer that has nothing in common with ours.
fn foreign() -> Value {
    json!({
        "iss": "https://id.example/", "aud": ["api", "other"], "sub": "auth0|5f7c", "exp": 4_102_444_800_u64,
        "scope": "read:posts write:posts", "realm_access": { "roles": ["editor", "reader"] },
        "https://example.com/tenant": 42, "email_verified": true, "nickname": "ann\r\nx-admin: 1",
    })
}

fn settings(algorithm: Algorithm) -> VerifierSettings {
    let told = [
        ("sub", "x-user-id"),
        ("realm_access.roles", "x-roles"),
        ("https://example.com/tenant", "x-tenant"),
        ("email_verified", "x-verified"),
        ("nickname", "x-name"),
        ("absent", "x-absent"),
    ];
    VerifierSettings {
        issuer: "https://id.example/".into(),
        audience: "api".into(),
        algorithms: vec![algorithm],
        forward: told
            .map(|(claim, name)| (claim.to_owned(), HeaderName::from_static(name)))
            .into(),
        compared: ["scope", "realm_access.roles", "absent"].map(str::to_owned).into(),
        ..VerifierSettings::default()
    }
}

fn verifier(signer: &Signer) -> Verifier {
    let verifier = Verifier::new(settings(signer.algorithm));
    verifier.use_keys(signer.key_set());
    verifier
}

#[test]
fn every_algorithm_verifies_its_own_and_no_other() {
    let signers = [
        Signer::eddsa,
        Signer::es256,
        Signer::rs256,
        Signer::ps256,
        Signer::hs256,
    ]
    .map(|new| new("k"));
    for signer in &signers {
        let verifier = verifier(signer);
        for other in &signers {
            let verdict = verifier.verify(&other.sign(&foreign()));
            match other.algorithm == signer.algorithm {
                true => assert_eq!(verdict.unwrap().sub, "auth0|5f7c"),
                false => assert_eq!(
                    verdict,
                    Err(TokenError::Invalid),
                    "{:?} by {:?}",
                    other.algorithm,
                    signer.algorithm
                ),
            }
        }
    }
}

/// The classic: a public key that is no secret, used as one.
#[test]
fn an_rsa_key_is_no_secret() {
    let signer = Signer::rs256("k");
    let mut settings = settings(Algorithm::RS256);
    settings.algorithms = Algorithm::ALL.into();
    let verifier = Verifier::new(settings);
    verifier.use_keys(signer.key_set());
    verifier.verify(&signer.sign(&foreign())).unwrap();
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": "k" });
    let token = signer.sign_with(&header, &foreign());
    let (message, _) = token.rsplit_once('.').unwrap();
    let modulus = signer.jwk["n"].as_str().unwrap();
    for secret in [
        modulus.as_bytes().to_vec(),
        signers::decode(modulus),
        signer.jwk.to_string().into_bytes(),
    ] {
        let key = jsonwebtoken::EncodingKey::from_secret(&secret);
        let mac = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
        assert_eq!(verifier.verify(&format!("{message}.{mac}")), Err(TokenError::Invalid));
    }
}

#[test]
fn claims_are_told_and_compared() {
    let signer = Signer::es256("k");
    let verified = verifier(&signer).verify(&signer.sign(&foreign())).unwrap();
    let told: Vec<_> = { &verified.fields }
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let want = [
        ("x-user-id", "auth0|5f7c"),
        ("x-roles", "editor,reader"),
        ("x-tenant", "42"),
        ("x-verified", "true"),
    ];
    assert_eq!(told, want, "a line's end reaches no header");
    let has = |claim: &str, values: &[&str]| {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        verified.has_one_of(claim, &values)
    };
    assert!(has("scope", &["admin", "write:posts"]) && !has("scope", &["write"]));
    assert!(has("realm_access.roles", &["reader"]) && !has("realm_access.roles", &["editor,reader"]));
    assert!(
        !has("absent", &["", "x"]) && !has("sub", &["auth0|5f7c"]),
        "what is not kept is not there"
    );
    assert_eq!((&*verified.sid, &*verified.jti, verified.iat), ("", "", 0));
    assert_eq!(*verified.iss, *"https://id.example/");
}

#[test]
fn kinds_of_tokens() {
    let signer = Signer::eddsa("k");
    let token = |typ: Value| {
        let mut header = json!({ "alg": "EdDSA", "kid": "k", "typ": typ });
        if typ.is_null() {
            header.as_object_mut().unwrap().remove("typ");
        }
        signer.sign_with(&header, &foreign())
    };
    let usual = verifier(&signer);
    for typ in [
        json!("JWT"),
        json!("jwt"),
        json!("at+jwt"),
        json!("application/AT+JWT"),
        Value::Null,
    ] {
        assert!(usual.verify(&token(typ.clone())).is_ok(), "{typ}");
    }
    for typ in ["", "JWT ", "id+jwt", "application/", "application/application/jwt"] {
        assert!(usual.verify(&token(json!(typ))).is_err(), "{typ}");
    }
    let strict = Verifier::new(VerifierSettings {
        types: vec![Some("at+JWT".into())],
        ..settings(Algorithm::EdDSA)
    });
    strict.use_keys(signer.key_set());
    assert!(strict.verify(&token(json!("at+jwt"))).is_ok());
    assert!(strict.verify(&token(json!("JWT"))).is_err() && strict.verify(&token(Value::Null)).is_err());
}

#[test]
fn times_have_a_leeway() {
    let signer = Signer::hs256("k");
    let verifier = verifier(&signer);
    let now = shared_testkit::TestTokens::claims(7, "ann").iat;
    for (claim, time, want) in [
        ("exp", now - 3, None),
        ("exp", now - 10, Some(TokenError::Expired)),
        ("nbf", now + 3, None),
        ("nbf", now + 10, Some(TokenError::NotYet)),
        ("iat", now + 3, None),
        ("iat", now + 10, Some(TokenError::NotYet)),
    ] {
        let mut claims = foreign();
        claims[claim] = json!(time);
        assert_eq!(verifier.verify(&signer.sign(&claims)).err(), want, "{claim} {time}");
    }
}

#[test]
fn the_issuer_that_a_token_names_is_read_and_nothing_believed() {
    let signer = Signer::eddsa("k");
    assert_eq!(
        said_issuer(&signer.sign(&foreign())).as_deref(),
        Some("https://id.example/")
    );
    for bad in [
        "",
        "a.b.c",
        &signer.sign(&json!({ "iss": 1 })),
        &signer.sign(&json!([])),
        &"x".repeat(9000),
    ] {
        assert_eq!(said_issuer(bad), None);
    }
}
