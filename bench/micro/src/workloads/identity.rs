//! Who asks: a token found, and judged for the first time and again.

use super::browser;
use crate::{Workload, token};
use edge_policy::{
    attempts::{AT_ONCE, Attempts},
    identity::{TokenSource, token},
};
use http::{HeaderMap, HeaderName};
use shared_contracts::claims::ACCESS_COOKIE;
use shared_identity::{Digest, Verifier, VerifierSettings};
use std::{hint::black_box, time::Instant};

pub(super) fn workloads() -> Vec<Workload> {
    let access = token::access_token();
    let with_cookie = browser(&[("cookie", &format!("theme=dark; lang=en; {ACCESS_COOKIE}={access}"))]);
    let with_bearer = browser(&[("authorization", &format!("Bearer {access}"))]);
    let sources = || [TokenSource::Cookie(ACCESS_COOKIE.into()), TokenSource::Bearer];
    let (first, second) = (sources(), sources());
    let found = |headers, sources| token(headers, None, sources).map(|token| token.text);
    assert_eq!(found(&with_cookie, &first), Some(&*access));
    assert_eq!(found(&with_bearer, &second), Some(&*access));

    let (remembering, forgetful) = (verifier(100_000), verifier(0));
    let user = remembering.verify(&access).expect("a good token");
    let same = access.clone();
    let (garbage, unremembered) = (verifier(100_000), verifier(0));
    let forged = token::forged();
    let (again, unread) = (forged.clone(), forged.clone());
    garbage.verify(&again).expect_err("nobody has signed it");
    let (over, client, now) = (Attempts::default(), [203, 0, 113, 9].into(), Instant::now());
    for _ in 0..AT_ONCE {
        over.failed(client, now);
    }
    let stranger = verifier(100_000);
    vec![
        Workload::new("identity::token::in a cookie", move || {
            token(&with_cookie, None, &first).is_some()
        }),
        Workload::new("identity::token::in authorization", move || {
            token(&with_bearer, None, &second).is_some()
        }),
        Workload::new("identity::verify::known token", move || {
            remembering.verify(black_box(&access))
        }),
        Workload::heavy("identity::verify::new token", move || {
            forgetful.verify(black_box(&same))
        }),
        Workload::heavy("identity::verify::garbage", move || {
            unremembered.verify(black_box(&forged))
        }),
        Workload::new("identity::verify::garbage again", move || {
            garbage.verify(black_box(&again))
        }),
        Workload::new("identity::verify::garbage over the budget", move || {
            // All that the edge does with it before it refuses.
            let known = stranger.recall(Digest::of(black_box(&unread)));
            known.is_none() && over.allows(black_box(client), now)
        }),
        Workload::new("identity::headers", move || {
            let mut head = HeaderMap::with_capacity(8);
            for (name, value) in &black_box(&user).fields {
                head.insert(name.clone(), value.clone());
            }
            head
        }),
    ]
}

fn verifier(cache_capacity: usize) -> Verifier {
    let told = [
        ("sub", "x-user-id"),
        ("name", "x-user-name"),
        ("role", "x-user-role"),
        ("sid", "x-session-id"),
    ];
    let verifier = Verifier::new(VerifierSettings {
        cache_capacity,
        forward: told
            .map(|(claim, name)| (claim.to_owned(), HeaderName::from_static(name)))
            .into(),
        ..VerifierSettings::default()
    });
    verifier.set_keys(token::jwks().as_bytes()).expect("a key set");
    verifier
}
