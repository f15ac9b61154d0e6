//! Cross-origin policies that browsers can follow.

use super::Report;
use crate::{Config, Cors};
use edge_policy::cors::CorsPolicy;
use std::time::Duration;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    for (name, cors) in &config.cors {
        origins(name, cors, report);
        for (key, names) in [
            ("allow_headers", &cors.allow_headers),
            ("expose_headers", &cors.expose_headers),
        ] {
            for (index, field) in names.iter().enumerate() {
                let words = match field.as_str() {
                    "*" => "`*` is not understood, and not allowed with credentials; name each field".to_owned(),
                    field if !super::is_token(field) => {
                        format!("`{field}` is not a header's name; write it like `content-type`")
                    }
                    _ => continue,
                };
                report.bad_value(&["cors", name, key, &index.to_string()], words);
            }
        }
        for (index, method) in cors.allow_methods.iter().enumerate() {
            let path = ["cors", name, "allow_methods", &index.to_string()];
            super::matching::method(method, &path, report);
        }
    }
}

/// Why this is no origin of a page, and what would be.
pub(super) fn not_an_origin(origin: &str) -> Option<String> {
    let nothing: &[&str] = &[];
    let one = CorsPolicy::new(&[origin], true, nothing, nothing, nothing, Duration::ZERO);
    one.err().map(|error| words(origin, false, &error.to_string()))
}

fn origins(name: &str, cors: &Cors, report: &mut Report<'_>) {
    if cors.allow_origins.is_empty() && report.is_whole(&["cors", name, "allow_origins"]) {
        let path = ["cors", name, "allow_origins"];
        report.bad_value(&path, "none: no page could read an answer; name at least one origin");
    }
    for (index, origin) in cors.allow_origins.iter().enumerate() {
        let one = Cors {
            allow_origins: vec![origin.clone()],
            allow_methods: Vec::new(),
            allow_headers: Vec::new(),
            expose_headers: Vec::new(),
            ..cors.clone()
        };
        if let Err(error) = one.to_policy() {
            let path = ["cors", name, "allow_origins", &index.to_string()];
            report.bad_value(&path, words(origin, cors.allow_credentials, &error.to_string()));
        }
    }
}

/// What a browser would have sent instead.
fn words(origin: &str, credentials: bool, otherwise: &str) -> String {
    match origin {
        "*" if credentials => {
            return "browsers refuse `*` together with credentials (Fetch standard); name the origins".to_owned();
        }
        "*" => return "`*` would let every page in; name the origins".to_owned(),
        "null" => return "`null` is what any sandboxed page calls itself; name the origins".to_owned(),
        "" => return "an empty origin; write `https://` and a host, or take it out".to_owned(),
        _ if origin.contains(',') => return format!("`{origin}` is more than one; make each an item of the list"),
        _ if origin.contains('*') => return format!("`{origin}`: `*` stands for nothing; name each origin"),
        _ => {}
    }
    let lower = origin.to_ascii_lowercase();
    let Some((scheme, rest)) = lower.split_once("://") else {
        return format!("`{origin}` has no scheme; write `https://{lower}`");
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(own_port).unwrap_or(authority);
    let meant = format!("{scheme}://{authority}");
    if matches!(scheme, "http" | "https") && meant != origin && !authority.contains('*') && !authority.is_empty() {
        format!("`{origin}` is not what a browser sends; write `{meant}`")
    } else {
        otherwise.to_owned()
    }
}
