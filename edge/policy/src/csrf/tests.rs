//! What browsers say, and what follows.

use super::*;
use proptest::prelude::*;
use std::time::Duration;

const APP: &str = "http://localhost:5173";
const EVIL: &str = "https://evil.example";

fn fields(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("host", "feed.example:8080".parse().unwrap());
    for (name, value) in pairs {
        headers.insert(*name, value.parse().unwrap());
    }
    headers
}

fn judge(policy: &CsrfPolicy, method: &Method, upgrade: bool, pairs: &[(&'static str, &str)]) -> Site {
    let cors = CorsPolicy::new(&[APP], true, &["GET"], &[], &[], Duration::ZERO).unwrap();
    let headers = fields(pairs);
    let asked = Asked {
        method,
        upgrade,
        headers: &headers,
        is_shown: headers.contains_key("authorization"),
    };
    policy.judge(&asked, Some(&cors))
}

fn post(pairs: &[(&'static str, &str)]) -> Site {
    judge(
        &CsrfPolicy::default(),
        &Method::POST,
        false,
        &[pairs, &[("cookie", "access_token=x")]].concat(),
    )
}

#[test]
fn a_foreign_page_with_a_cookie_may_only_look() {
    let (cookie, evil) = (("cookie", "a=1"), ("origin", EVIL));
    let policy = CsrfPolicy::default();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        assert_eq!(
            judge(&policy, &method, false, &[cookie, evil]),
            Site::Foreign,
            "{method}"
        );
    }
    assert_eq!(
        judge(&policy, &Method::GET, true, &[cookie, evil]),
        Site::Foreign,
        "a WebSocket acts"
    );
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert_eq!(judge(&policy, &method, false, &[cookie, evil]), Site::Safe, "{method}");
    }
    assert_eq!(judge(&policy, &Method::POST, false, &[evil]), Site::NothingBorrowed);
    let bearer = ("authorization", "Bearer x");
    assert_eq!(
        judge(&policy, &Method::POST, false, &[cookie, evil, bearer]),
        Site::NothingBorrowed
    );
    let signs_in = CsrfPolicy {
        without_cookies: true,
        ..policy
    };
    assert_eq!(
        judge(&signs_in, &Method::POST, false, &[evil]),
        Site::Foreign,
        "it signs the visitor in as another"
    );
    assert_eq!(judge(&signs_in, &Method::POST, false, &[]), Site::NoBrowser);
}

#[test]
fn fetch_metadata_comes_before_the_origin() {
    for (site, origin, found) in [
        (Some("same-origin"), None, Site::Own),
        (Some("none"), None, Site::Own),
        // A proxy in front may have changed the host.
        (Some("same-origin"), Some("https://www.feed.example"), Site::Own),
        (Some("same-site"), Some("https://other.feed.example"), Site::Foreign),
        (Some("cross-site"), Some(EVIL), Site::Foreign),
        (Some("cross-site"), None, Site::Foreign),
        (Some("cross-site"), Some("null"), Site::Foreign),
        (Some("cross-site"), Some(APP), Site::Trusted),
        (Some("cross-site"), Some("http://feed.example:8080"), Site::Foreign),
        (Some("a word to come"), None, Site::Foreign),
        (None, None, Site::NoBrowser),
        (None, Some("http://feed.example:8080"), Site::Own),
        (None, Some("http://feed.example"), Site::Foreign),
        (None, Some("http://feed.example:8080.evil.example"), Site::Foreign),
        (None, Some("null"), Site::Foreign),
    ] {
        let pairs: Vec<_> = [
            site.map(|site| ("sec-fetch-site", site)),
            origin.map(|origin| ("origin", origin)),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert_eq!(post(&pairs), found, "{site:?} {origin:?}");
    }
}

#[test]
fn a_policy_trusts_more_or_looks_away() {
    let pairs = [
        ("cookie", "a=1"),
        ("origin", "https://m.feed.example"),
        ("sec-fetch-site", "same-site"),
    ];
    let trusting = CsrfPolicy {
        trusted_origins: vec!["https://m.feed.example".into()],
        ..CsrfPolicy::default()
    };
    let siblings = CsrfPolicy {
        same_site: true,
        ..CsrfPolicy::default()
    };
    let off = CsrfPolicy {
        mode: Mode::Off,
        ..CsrfPolicy::default()
    };
    for (policy, found) in [
        (trusting, Site::Trusted),
        (siblings, Site::SameSite),
        (off, Site::NotLooked),
    ] {
        assert_eq!(judge(&policy, &Method::POST, false, &pairs), found);
    }
}

#[test]
fn default_ports_are_the_same_host() {
    assert!(is_own("https://feed.example", "feed.example"));
    assert!(is_own("https://feed.example", "Feed.example:443"));
    assert!(is_own("http://feed.example:80", "feed.example"));
    assert!(!is_own("ftp://feed.example", "feed.example"));
    assert!(!is_own("http://", ""));
}

proptest! {
    /// Law: whatever an origin looks like, unless it is trusted to the letter or the host's own it is foreign.
    #[test]
    fn no_look_alike_passes(origin in "(https?://)?(localhost|feed\\.example|evil)(\\.example)?(:[0-9]{1,4})?[/.]?") {
        let host = origin.trim_start_matches("http://").trim_start_matches("https://");
        let own = origin.contains("://") && host == "feed.example:8080";
        let found = post(&[("origin", &origin)]);
        prop_assert_eq!(found.passes(), own || origin == APP, "{}", origin);
    }
}
