//! Hosts go before paths, and fall back.

use super::*;

fn find(table: &RouteTable<&'static str>, host: &str, method: &Method, path: &str) -> String {
    told(&table.find(Some(host), path, method))
}

fn by_host() -> RouteTable<&'static str> {
    RouteTable::new([
        (rule_at(&[], &["/x"], &[Method::GET]), "any"),
        (rule_at(&[], &["/*"], &[Method::PUT]), "any_prefix"),
        (rule_at(&["*.example.com"], &["/x"], &[Method::GET]), "wide"),
        (rule_at(&["*.eu.example.com"], &["/*"], &[Method::GET]), "eu"),
        (
            rule_at(&["api.example.com", "localhost"], &["/*"], &[Method::GET]),
            "api",
        ),
        (rule_at(&["api.example.com"], &["/x/{y}"], &[Method::POST]), "write"),
    ])
}

#[test]
fn exact_then_the_longest_wildcard_then_any() {
    let table = by_host();
    let get = |host: &str| find(&table, host, &Method::GET, "/x");
    assert_eq!(
        get("api.example.com"),
        "api",
        "a prefix of the host goes before an exact path of any host"
    );
    assert_eq!(get("localhost"), "api");
    assert_eq!(get("a.eu.example.com"), "eu");
    assert_eq!(get("a.b.eu.example.com"), "eu", "one label or more");
    assert_eq!(get("eu.example.com"), "wide", "not none");
    assert_eq!(get("api.example.com.evil.org"), "any");
    assert_eq!(get("example.com"), "any");
    assert_eq!(get(".example.com"), "any", "an empty label is none");
    assert_eq!(told(&table.find(None, "/x", &Method::GET)), "any");
}

#[test]
fn case_port_and_the_last_dot_do_not_matter() {
    let table = by_host();
    for host in ["API.example.COM", "api.example.com:8443", "Api.Example.com.:80"] {
        assert_eq!(find(&table, host, &Method::GET, "/x"), "api", "{host}");
    }
    let long = format!("{}.example.com", "a".repeat(300));
    for host in ["", ":80", "[::1]:80", "ä", &long] {
        assert_eq!(find(&table, host, &Method::GET, "/x"), "any", "{host}");
    }
}

#[test]
fn what_no_rule_of_the_host_takes_goes_to_less_specific_hosts() {
    let table = by_host();
    let at = |host: &str, method: Method, path: &str| find(&table, host, &method, path);
    assert_eq!(at("api.example.com", Method::PUT, "/x"), "any_prefix");
    assert_eq!(at("a.eu.example.com", Method::PUT, "/x"), "any_prefix");
    assert_eq!(at("b.example.com", Method::GET, "/x"), "wide");
    assert_eq!(at("b.example.com", Method::GET, "/y"), "405 PUT");
    assert_eq!(
        at("api.example.com", Method::DELETE, "/x/1"),
        "405 GET, HEAD, POST, PUT"
    );
}

#[test]
fn an_explanation_names_each_rule_once_with_its_verdict() {
    let table = by_host();
    let explain = |host: &str, path: &str, method: &Method| {
        let explanation = table.explain(Some(host), path, method);
        let candidates = explanation.candidates.iter();
        let candidates = candidates.map(|one| {
            let host = one.host.map_or_else(|| "any".to_owned(), ToString::to_string);
            format!("{} at {host}: {:?}", one.route, one.verdict)
        });
        (told(&explanation.found), candidates.collect::<Vec<_>>())
    };
    let (found, candidates) = explain("API.example.com:80", "/x", &Method::PUT);
    assert_eq!(found, "any_prefix");
    let want = [
        "api at api.example.com: Method",
        "wide at *.example.com: Method",
        "any at any: Method",
        "any_prefix at any: Wins",
        "eu at *.eu.example.com: Host",
    ];
    assert_eq!(candidates, want);
    let (found, candidates) = explain("a.eu.example.com", "/x", &Method::GET);
    assert_eq!(found, "eu");
    let want = [
        "eu at *.eu.example.com: Wins",
        "wide at *.example.com: Outranked",
        "any at any: Outranked",
        "any_prefix at any: Method",
        "api at api.example.com: Host",
    ];
    assert_eq!(candidates, want);
    assert_eq!(
        explain("api.example.com", "/internal/x", &Method::PUT),
        ("404".to_owned(), vec![])
    );
}
