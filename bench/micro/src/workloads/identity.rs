//! Who asks: a token found, and judged for the first time and again.

use super::browser;
use crate::{Workload, token};
use edge_policy::identity::{Identity, TokenSource, token};
use shared_contracts::claims::ACCESS_COOKIE;
use shared_identity::{Verifier, VerifierSettings};
use std::hint::black_box;

pub(super) fn workloads() -> Vec<Workload> {
    let access = token::access_token();
    let with_cookie = browser(&[("cookie", &format!("theme=dark; lang=en; {ACCESS_COOKIE}={access}"))]);
    let with_bearer = browser(&[("authorization", &format!("Bearer {access}"))]);
    let sources = || [TokenSource::Cookie(ACCESS_COOKIE.into()), TokenSource::Bearer];
    let (first, second) = (sources(), sources());
    assert_eq!(token(&with_cookie, &first).map(|token| token.text), Some(&*access));
    assert_eq!(token(&with_bearer, &second).map(|token| token.text), Some(&*access));

    let (remembering, forgetful) = (verifier(100_000), verifier(0));
    let claims = remembering.verify(&access).expect("a good token");
    let user = Identity::User(claims);
    let same = access.clone();
    vec![
        Workload::new("identity::token::in a cookie", move || {
            token(&with_cookie, &first).is_some()
        }),
        Workload::new("identity::token::in authorization", move || {
            token(&with_bearer, &second).is_some()
        }),
        Workload::new("identity::verify::known token", move || {
            remembering.verify(black_box(&access))
        }),
        Workload::heavy("identity::verify::new token", move || {
            forgetful.verify(black_box(&same))
        }),
        Workload::new("identity::headers", move || user.headers()),
    ]
}

fn verifier(cache_capacity: u64) -> Verifier {
    let verifier = Verifier::new(VerifierSettings {
        cache_capacity,
        ..VerifierSettings::default()
    });
    verifier.set_keys(token::jwks().as_bytes()).expect("a key set");
    verifier
}
