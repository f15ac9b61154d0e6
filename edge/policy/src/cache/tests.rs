//! Laws of what is kept and under which key.

use super::*;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use proptest::prelude::*;
use shared_identity::Verified;
use std::time::{Duration, SystemTime};

const DAY: u64 = 86_400;

fn now() -> SystemTime {
    httpdate::parse_http_date("Fri, 27 Nov 2026 12:00:00 GMT").unwrap()
}

fn terms() -> Terms {
    Terms {
        ttl: None,
        stale_while_revalidate: Duration::ZERO,
        stale_if_error: Duration::ZERO,
        vary: Box::default(),
        credentials: Credentials::Keyed,
        max_object: 1000,
    }
}

fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(*name, value.parse().unwrap());
    }
    map
}

fn judged(terms: &Terms, status: u16, is_personal: bool, fields: &[(&'static str, &str)]) -> Result<Kept, Unkept> {
    let mut headers = map(fields);
    if !headers.contains_key("transfer-encoding") && !headers.contains_key("x-endless") {
        headers
            .entry(header::CONTENT_LENGTH)
            .or_insert(HeaderValue::from_static("10"));
    }
    let answer = Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: &headers,
        is_personal,
    };
    terms.judge(&answer, now())
}

fn fresh_for(terms: &Terms, fields: &[(&'static str, &str)]) -> Option<u64> {
    let kept = judged(terms, 200, false, fields).ok()?;
    Some(kept.fresh_until.duration_since(now()).map_or(0, |left| left.as_secs()))
}

#[test]
fn freshness_is_what_shared_caches_are_told_first() {
    let terms = terms();
    for (fields, want) in [
        (
            &[("cache-control", "max-age=60, s-maxage=9"), ("expires", "0")][..],
            Some(9),
        ),
        (&[("cache-control", "max-age=60"), ("expires", "0")], Some(60)),
        (&[("cache-control", "max-age=60"), ("age", "50")], Some(10)),
        (&[("cache-control", "max-age=60"), ("age", "60")], None),
        (&[("expires", "Fri, 27 Nov 2026 12:01:00 GMT")], Some(60)),
        (
            &[
                ("expires", "Fri, 27 Nov 2026 12:01:00 GMT"),
                ("date", "Fri, 27 Nov 2026 12:00:30 GMT"),
            ],
            Some(30),
        ),
        (
            &[
                ("cache-control", "max-age=60"),
                ("date", "Fri, 27 Nov 2026 11:59:30 GMT"),
            ],
            Some(31),
        ),
        (&[("expires", "tomorrow")], None),
        (&[("cache-control", "max-age=0")], None),
        (&[("cache-control", "public")], None),
        (&[("cache-control", "max-age=0, stale-if-error=5")], Some(0)),
        (&[], None),
    ] {
        assert_eq!(fresh_for(&terms, fields), want, "{fields:?}");
    }
}

#[test]
fn a_usual_time_counts_where_an_answer_says_nothing() {
    let terms = Terms {
        ttl: Some(Duration::from_secs(30)),
        ..terms()
    };
    assert_eq!(fresh_for(&terms, &[]), Some(30));
    assert_eq!(fresh_for(&terms, &[("cache-control", "max-age=5")]), Some(5));
    assert_eq!(fresh_for(&terms, &[("expires", "0")]), None);
    assert_eq!(judged(&terms, 404, false, &[]), Err(Unkept::NoFreshness));
    assert!(judged(&terms, 404, false, &[("cache-control", "max-age=5")]).is_ok());
}

#[test]
fn what_may_not_be_kept_is_not() {
    let terms = terms();
    let fresh = ("cache-control", "max-age=60");
    for (status, fields, why) in [
        (200, &[("cache-control", "max-age=60, no-store")][..], Unkept::NoStore),
        (200, &[("cache-control", "max-age=60, private")], Unkept::Private),
        (200, &[("cache-control", "max-age=60, no-cache")], Unkept::NoCache),
        (200, &[fresh, ("set-cookie", "a=b")], Unkept::SetsCookie),
        (200, &[fresh, ("vary", "*")], Unkept::VariesByAll),
        (206, &[fresh], Unkept::Part),
        (200, &[fresh, ("content-range", "bytes 0-1/2")], Unkept::Part),
        (500, &[fresh], Unkept::Failure),
        (503, &[fresh], Unkept::Failure),
        (401, &[fresh], Unkept::Status),
        (304, &[fresh], Unkept::Status),
        (200, &[fresh, ("x-endless", "1")], Unkept::NoEnd),
        (200, &[fresh, ("content-length", "1001")], Unkept::TooLarge),
    ] {
        assert_eq!(judged(&terms, status, false, fields), Err(why), "{status} {fields:?}");
    }
    assert!(judged(&terms, 200, false, &[fresh, ("transfer-encoding", "chunked")]).is_ok());
}

#[test]
fn what_was_made_for_somebody_is_kept_only_if_it_says_so() {
    let terms = terms();
    for (control, is_kept) in [
        ("max-age=60", false),
        ("max-age=60, public", true),
        ("s-maxage=60", true),
        ("max-age=60, must-revalidate", true),
        ("public, private, max-age=60", false),
    ] {
        let kept = judged(&terms, 200, true, &[("cache-control", control)]);
        assert_eq!(kept.is_ok(), is_kept, "{control}: {kept:?}");
    }
}

#[test]
fn stale_answers_are_given_as_they_say_or_as_the_route_does() {
    let terms = Terms {
        stale_while_revalidate: Duration::from_secs(7),
        stale_if_error: Duration::from_secs(DAY),
        ..terms()
    };
    for (control, revalidate, error) in [
        ("max-age=1", 7, DAY),
        ("s-maxage=1", 7, DAY),
        ("max-age=1, stale-while-revalidate=3", 3, DAY),
        ("max-age=1, stale-if-error=0", 7, 0),
        ("max-age=1, must-revalidate, stale-if-error=9", 0, 0),
        ("max-age=1, proxy-revalidate", 0, 0),
        ("max-age=0, stale-if-error=9", 0, 9),
    ] {
        let kept = judged(&terms, 200, false, &[("cache-control", control)]).unwrap();
        let windows = (kept.stale_while_revalidate.as_secs(), kept.stale_if_error.as_secs());
        assert_eq!(windows, (revalidate, error), "{control}");
    }
}

/// Names that tell who asks, and some that do not.
fn name() -> impl Strategy<Value = HeaderName> {
    let names = [
        "cookie",
        "authorization",
        "x-api-key",
        "x-auth-token",
        "x-session-id",
        "proxy-authorization",
        "accept",
        "x-a",
        "user-agent",
        "accept-language",
    ];
    prop::sample::select(names.map(HeaderName::from_static).to_vec())
}

fn fields() -> impl Strategy<Value = HeaderMap> {
    let value = prop::sample::select(vec!["", "a", "b", "a=1; b=2", "Bearer x", "a, b"]);
    let field = (name(), value.prop_map(HeaderValue::from_static));
    prop::collection::vec(field, 0..6).prop_map(|fields| {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(name, value);
        }
        map
    })
}

fn token() -> impl Strategy<Value = Option<Verified>> {
    let text = prop::sample::select(vec!["", "1", "2", "12"]);
    let told = prop::collection::vec(
        (prop::sample::select(vec!["x-user-id", "x-tenant"]), text.clone()),
        0..3,
    );
    let token = (text.clone(), text, told).prop_map(|(iss, sub, told)| Verified {
        iss: iss.into(),
        sub: sub.to_owned(),
        fields: { told.into_iter() }
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect(),
        ..Verified::default()
    });
    prop::option::of(token)
}

type Fields = Vec<(String, Vec<u8>)>;

/// All that a service sees of who asks.
fn seen(headers: &HeaderMap, token: Option<&Verified>) -> (Fields, Option<(String, String, Vec<String>)>) {
    let mut told: Vec<_> = { headers.iter() }
        .filter(|(name, _)| is_credential(name))
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    // Lines of one field keep their order.
    told.sort_by(|one, other| one.0.cmp(&other.0));
    let token = token.map(|token| {
        let fields = token.fields.iter().map(|(name, value)| format!("{name}={value:?}"));
        (token.iss.to_string(), token.sub.clone(), fields.collect())
    });
    (told, token)
}

const TARGET: Target<'static> = Target {
    route: 1,
    secure: false,
    host: b"a",
    path: b"/",
};

proptest! {
    /// Law: two callers share a key exactly if a service cannot tell them apart by who they are.
    #[test]
    fn two_identities_never_share_an_answer(
        (one, other) in (fields(), fields()),
        (first, second) in (token(), token()),
    ) {
        let of = |headers: &HeaderMap, token: &Option<Verified>, credentials| {
            key(&TARGET, &Caller { headers, token: token.as_ref() }, credentials)
        };
        let is_same = seen(&one, first.as_ref()) == seen(&other, second.as_ref());
        let keys = [of(&one, &first, Credentials::Keyed), of(&other, &second, Credentials::Keyed)];
        prop_assert_eq!(keys[0] == keys[1], is_same);
        // Where there is one answer for all, the service sees nobody.
        prop_assert_eq!(of(&one, &first, Credentials::Stripped), of(&other, &second, Credentials::Stripped));
        let mut stripped = one;
        strip(&mut stripped);
        prop_assert_eq!(seen(&stripped, None), seen(&HeaderMap::new(), None));
    }

    /// Law: two targets share a key exactly if they are the same.
    #[test]
    fn two_targets_never_share_an_answer(
        routes in prop::array::uniform2(0u128..2),
        secure in prop::array::uniform2(any::<bool>()),
        hosts in prop::array::uniform2("[ab]{0,3}"),
        paths in prop::array::uniform2("/[ab/?=]{0,4}"),
    ) {
        let target = |index: usize| Target {
            route: routes[index],
            secure: secure[index],
            host: hosts[index].as_bytes(),
            path: paths[index].as_bytes(),
        };
        let headers = HeaderMap::new();
        let of = |target: &Target<'_>| key(target, &Caller { headers: &headers, token: None }, Credentials::Keyed);
        prop_assert_eq!(of(&target(0)) == of(&target(1)), target(0) == target(1));
    }

    /// Law: whatever an answer says, it is never given as fresh longer than it says, and never kept where it says not to.
    #[test]
    fn nothing_is_kept_against_its_word(
        directives in prop::collection::vec(prop::sample::select(vec![
            "no-store", "no-cache", "private", "public", "max-age=5", "s-maxage=3", "max-age=0", "must-revalidate",
            "stale-if-error=4", "stale-while-revalidate=4", "x", "max-age=99999999999",
        ]), 0..5),
        age in 0u64..10,
        is_personal: bool,
    ) {
        let control = directives.join(", ");
        let age_text = age.to_string();
        let kept = judged(&terms(), 200, is_personal, &[("cache-control", &control), ("age", &age_text)]);
        if let Ok(kept) = kept {
            prop_assert!(!directives.iter().any(|told| ["no-store", "no-cache", "private"].contains(told)));
            let lifetime = kept.fresh_until.duration_since(kept.born).unwrap();
            let told = ResponseControl::of(&map(&[("cache-control", &control)]));
            prop_assert_eq!(Some(lifetime), told.s_maxage.or(told.max_age));
            prop_assert_eq!(now().duration_since(kept.born).unwrap(), Duration::from_secs(age));
            prop_assert!(!told.must_revalidate || kept.stale_if_error.is_zero() && kept.stale_while_revalidate.is_zero());
        }
    }
}
