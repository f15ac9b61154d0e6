//! What must not be shown: passwords in URLs, header fields that carry credentials.

use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Stands where a secret was.
pub const HIDDEN: &str = "(hidden)";

/// Words in the names of header fields whose values are secrets.
const SECRET_WORDS: [&str; 8] = [
    "auth",
    "cookie",
    "credential",
    "key",
    "password",
    "secret",
    "session",
    "token",
];

/// Names that have such a word in them, and values that everybody may know.
const PUBLIC: [&str; 6] = [
    "access-control-allow-credentials",
    "authentication-info",
    "proxy-authenticate",
    "public-key-pins",
    "surrogate-key",
    "www-authenticate",
];

/// Whether a header field of this name carries a secret.
pub fn is_secret_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !PUBLIC.contains(&name.as_str()) && SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// A URL without what stands before its `@` and behind its `?`: both may hold a password.
pub(crate) fn hide_in_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return HIDDEN.to_owned();
    };
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?(hidden)"));
    // The last `@`: a password may hold one that should have been escaped.
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{HIDDEN}@{host}{query}"),
        None => format!("{scheme}://{rest}{query}"),
    }
}

/// Whether a URL holds a password.
pub(crate) fn has_password(url: &str) -> bool {
    hide_in_url(url) != url && url.contains("://")
}

/// Serialises a URL without its password.
pub(crate) fn url<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hide_in_url(url))
}

/// Serialises header fields without credentials.
pub(crate) fn fields<S: Serializer>(fields: &BTreeMap<String, String>, serializer: S) -> Result<S::Ok, S::Error> {
    let shown = |(name, value): (&String, &String)| {
        let value = if is_secret_field(name) { HIDDEN } else { value };
        (name.clone(), value.to_owned())
    };
    fields
        .iter()
        .map(shown)
        .collect::<BTreeMap<_, _>>()
        .serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_and_hosts_are_not() {
        assert_eq!(hide_in_url("redis://h:1/2"), "redis://h:1/2");
        assert_eq!(hide_in_url("redis://u:p@ss@h:1/2"), "redis://(hidden)@h:1/2");
        assert_eq!(hide_in_url("unix:///s?pass=p"), "unix:///s?(hidden)");
        assert_eq!(hide_in_url("u:p@h"), "(hidden)");
        assert!(has_password("redis://:p@h") && !has_password("redis://h"));
        assert!(
            is_secret_field("X-Api-Key") && is_secret_field("Authorization") && !is_secret_field("x-frame-options")
        );
    }
}
