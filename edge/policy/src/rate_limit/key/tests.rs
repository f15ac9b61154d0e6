//! One quota for one subject, and no two subjects with one quota.

use super::*;
use http::HeaderValue;
use proptest::prelude::*;
use std::net::Ipv6Addr;

fn by(parts: &[&str]) -> KeyBy {
    KeyBy {
        parts: parts.iter().map(|part| part.parse().unwrap()).collect(),
        on_missing: OnMissing::Skip,
    }
}

fn claims(sub: &str, role: &str) -> Verified {
    Verified {
        iss: "i".into(),
        sub: sub.to_owned(),
        compared: [("role".into(), [role.into()].into())].into(),
        ..Verified::default()
    }
}

fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    map
}

fn key<'k>(keys: &'k Keys, client: &str, claims: Option<&Verified>, fields: &HeaderMap) -> Result<String, Spared<'k>> {
    let facts = Facts {
        client: client.parse().unwrap(),
        token: claims,
        method: &Method::GET,
        headers: fields,
    };
    keys.of(&facts).map(|key| keys.subject(&key).to_owned())
}

#[test]
fn one_bucket_for_an_address_however_it_is_written() {
    let keys = Keys::new(&by(&["client_ip"]), "few", false, "posts");
    let of = |text: &str| key(&keys, text, None, &HeaderMap::new()).unwrap();
    assert_eq!(of("203.0.113.9"), "203.0.113.9");
    assert_eq!(
        of("::ffff:203.0.113.9"),
        "203.0.113.9",
        "the same host over a dual-stack socket"
    );
    assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
}

#[test]
fn parts_stand_in_their_order_and_constant_ones_are_written_once() {
    let all = by(&[
        "jwt.sub",
        "client_ip",
        "route",
        "method",
        "header.x-api-key",
        "cookie.theme",
    ]);
    let keys = Keys::new(&all, "few", true, "posts");
    let fields = headers(&[("x-api-key", b"secret"), ("cookie", b"a=1; theme=dark")]);
    let facts = Facts {
        client: "10.0.0.1".parse().unwrap(),
        token: Some(&claims("7", "user")),
        method: &Method::from_bytes(b"BREW").unwrap(),
        headers: &fields,
    };
    let made = keys.of(&facts).unwrap();
    let start = "edge:lease:few:sub:7|10.0.0.1|route:posts|method:OTHER|header.x-api-key:#";
    assert!(made.starts_with(start), "{made}");
    assert!(!made.contains("secret") && !made.contains("dark"), "{made}");
    assert_eq!(keys.subject(&made), &made["edge:lease:few:".len()..]);
    let allocations = allocation_counter::measure(|| drop(keys.of(&facts)));
    assert!(allocations.count_total <= 3, "{allocations:?}");
    let few = Keys::new(&by(&["jwt.sub", "route"]), "few", false, "posts");
    assert_eq!(allocation_counter::measure(|| drop(few.of(&facts))).count_total, 1);
}

#[test]
fn a_request_that_lacks_a_part_is_spared_or_shares() {
    let skips = Keys::new(&by(&["client_ip", "header.x-tenant"]), "few", false, "r");
    let tenant: Part = "header.x-tenant".parse().unwrap();
    for fields in [headers(&[]), headers(&[("x-tenant", b"")])] {
        assert_eq!(key(&skips, "10.0.0.1", None, &fields), Err(Spared::Without(&tenant)));
    }
    let shares = KeyBy {
        on_missing: OnMissing::Share,
        ..by(&["jwt.role", "client_ip"])
    };
    let shares = Keys::new(&shares, "few", false, "r");
    let nobody = key(&shares, "10.0.0.1", None, &headers(&[])).unwrap();
    assert_eq!(nobody, "-|10.0.0.1");
    let dash = key(&shares, "10.0.0.1", Some(&claims("7", "-")), &headers(&[])).unwrap();
    assert_ne!(nobody, dash, "a value cannot pose as a missing one");
}

#[test]
fn names_of_parts_read_as_they_are_written() {
    for name in [
        "client_ip",
        "jwt.sub",
        "jwt.https://a.example/tenant",
        "header.x-api-key",
        "cookie.sid",
        "route",
        "method",
    ] {
        assert_eq!(name.parse::<Part>().unwrap().to_string(), name);
    }
    for odd in [
        "",
        "ip",
        "jwt",
        "jwt.",
        "header.",
        "header.a b",
        "cookie.a;b",
        "query.q",
        "client_ip.x",
    ] {
        assert_eq!(odd.parse::<Part>(), Err(()), "{odd}");
    }
}

proptest! {
    #[test]
    fn a_64_is_one_subject(high: u64, a: u64, b: u64) {
        let keys = Keys::new(&by(&["client_ip"]), "few", false, "r");
        let ip = |low: u64| Ipv6Addr::from_bits((u128::from(high) << 64) | u128::from(low)).to_string();
        // ::/64 holds the IPv4-mapped addresses, which are single hosts.
        prop_assume!(high != 0);
        prop_assert_eq!(key(&keys, &ip(a), None, &HeaderMap::new()), key(&keys, &ip(b), None, &HeaderMap::new()));
    }

    /// Law: two requests have one key exactly where all their parts are the same, whatever is in them; and it is bounded.
    #[test]
    fn keys_are_the_same_where_all_parts_are(
        one in prop::array::uniform3("[a|#:.\\-]{0,4}|[ -~]{60,70}"),
        other in prop::array::uniform3("[a|#:.\\-]{0,4}|[ -~]{60,70}"),
    ) {
        let shared = KeyBy { on_missing: OnMissing::Share, ..by(&["jwt.sub", "jwt.role", "header.x-a"]) };
        let keys = Keys::new(&shared, "few", false, "r");
        let make = |[sub, role, field]: &[String; 3]| {
            key(&keys, "10.0.0.1", Some(&claims(sub, role)), &headers(&[("x-a", field.trim().as_bytes())])).unwrap()
        };
        let same = one[0] == other[0] && one[1] == other[1] && one[2].trim() == other[2].trim();
        prop_assert_eq!(make(&one) == make(&other), same);
        prop_assert!(make(&one).len() < 250);
    }
}
