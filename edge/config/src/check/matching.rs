//! What a route takes: paths, methods, hosts.

use super::{Report, patterns};
use crate::{
    Match,
    diagnose::{code, nearest},
};
use edge_policy::route::HostPattern;
use http::Method;
use std::{collections::HashSet, net::Ipv6Addr};

/// The methods of RFC 9110 and RFC 5789.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];

pub(super) fn check(name: &str, matches: &Match, report: &mut Report<'_>) {
    let section = ["routes", name, "match"];
    let forms = [
        matches.path.is_some(),
        !matches.paths.is_empty(),
        matches.path_prefix.is_some(),
    ];
    if forms.into_iter().filter(|form| *form).count() != 1 && report.is_whole(&section) {
        let words = "needs exactly one of `path`, `paths` and `path_prefix`; write one";
        report.add(code::CONTRADICTION, &section, words);
    }
    let at = |key| [&section[..], &[key]].concat();
    if let Some(path) = &matches.path {
        patterns::path(path, &matches.methods, &at("path"), report);
    }
    if let Some(prefix) = &matches.path_prefix {
        patterns::prefix(prefix, &at("path_prefix"), report);
    }
    let mut seen = HashSet::new();
    for (index, path) in matches.paths.iter().enumerate() {
        let index = index.to_string();
        let at = [&section[..], &["paths", &index]].concat();
        patterns::path(path, &matches.methods, &at, report);
        if !seen.insert(path) {
            report.bad_value(&at, format!("`{path}` is here twice; keep one"));
        }
    }
    for (index, one) in matches.methods.iter().enumerate() {
        method(one, &[&section[..], &["methods", &index.to_string()]].concat(), report);
    }
    if let Some(one) = &matches.host {
        super::judge(report, &at("host"), host(one));
    }
    for (index, one) in matches.hosts.iter().enumerate() {
        super::judge(
            report,
            &[&section[..], &["hosts", &index.to_string()]].concat(),
            host(one),
        );
    }
}

/// A method in upper case.
pub(super) fn method(name: &str, at: &[&str], report: &mut Report<'_>) {
    let upper = name.to_ascii_uppercase();
    if ["*", "ANY", "ALL"].contains(&upper.as_str()) {
        let all = match at {
            ["routes", _, "match", ..] => "without `methods` all are taken: take them out",
            _ => "write each out, `[GET, POST]`",
        };
        report.bad_value(
            at,
            format!("`{name}` is one method of this name, not all of them; {all}"),
        );
    } else if name.contains(['|', ',', '/', ' ']) {
        report.bad_value(
            at,
            format!("`{name}` is more than a method; make each an item of the list, `[GET, POST]`"),
        );
    } else if Method::from_bytes(name.as_bytes()).is_err() {
        report.bad_value(at, format!("`{name}` is not a method; write it like `GET`"));
    } else if upper != name {
        report.bad_value(
            at,
            format!("`{name}` is not a method, they are in upper case; write `{upper}`"),
        );
    } else if !METHODS.contains(&name)
        && let Some(near) = nearest(name, METHODS)
    {
        let words = format!("`{name}` is no method that HTTP defines; did you mean `{near}`?");
        report.add(code::ODD_METHOD, at, words);
    }
}

/// A host name, or `*.` and one.
fn host(text: &str) -> Result<(), String> {
    if text == "*" {
        return Err("`*` is every host, which is what no `host` means; take it out".to_owned());
    }
    if let Some((_, rest)) = text.split_once("://") {
        let name = rest.split(['/', ':']).next().unwrap_or_default();
        return Err(format!("`{text}` is a URL; write the name alone, `{name}`"));
    }
    if text.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok() {
        return Err(format!(
            "`{text}` is an IPv6 address, and routes are told apart by names; take it out"
        ));
    }
    if text.contains(',') {
        return Err(format!(
            "`{text}` is more than one; several go into `hosts`, each an item"
        ));
    }
    if let Some(rest) = text
        .strip_prefix('.')
        .filter(|rest| rest.parse::<HostPattern>().is_ok())
    {
        return Err(format!(
            "`{text}`: all names below one are written with `*`; write `*.{rest}`"
        ));
    }
    if let Some(name) = text
        .strip_suffix('.')
        .filter(|name| name.parse::<HostPattern>().is_ok())
    {
        return Err(format!("`{text}` is compared without its last dot; write `{name}`"));
    }
    if !text.is_ascii() {
        return Err(format!(
            "`{text}` is compared as browsers send it; write its ASCII form, `xn--…`"
        ));
    }
    let name = text.strip_prefix("*.").unwrap_or(text);
    if name.contains('*') {
        return Err(format!(
            "`{text}`: `*` stands for whole labels at the begin; write `*.example.org`"
        ));
    }
    match name.rsplit_once(':') {
        Some((before, port)) if !name.ends_with(']') && port.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(format!(
                "`{text}` has a port, and hosts are compared without; write `{before}`"
            ));
        }
        _ => {}
    }
    if name != name.to_ascii_lowercase() {
        return Err(format!(
            "`{text}` is compared in lower case; write `{}`",
            text.to_ascii_lowercase()
        ));
    }
    match text.parse::<HostPattern>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "`{text}` is not a host's name; write it like `api.example.org` or `*.example.org`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names() {
        for good in ["example.org", "*.example.org", "localhost", "127.0.0.1", "a_b.c"] {
            assert_eq!(host(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "*",
            "*.",
            "https://a.b/c",
            "a:80",
            "*.*.a",
            "a*.b",
            "A.b",
            ".a",
            "a.",
            "a..b",
            "a b",
            "[::1]",
        ] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }
}
