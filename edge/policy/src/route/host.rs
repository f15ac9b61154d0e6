//! Patterns of hosts: exact, wildcard.

use super::position;
use std::{fmt, str::FromStr};

/// Characters of the longest name (RFC 1035, section 2.3.4, as text without the last dot).
pub(super) const MAX_NAME: usize = 253;
/// Characters of the longest label.
const MAX_LABEL: usize = 63;

/// Which hosts a rule takes, whatever the case of their letters and the port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// One name, in lower case.
    Exact(String),
    /// All names below this one, in lower case, by one label or more: `*.example.com` takes `a.example.com` and
    /// `a.b.example.com`, not `example.com`. So do the Gateway API, Envoy and nginx.
    Wildcard(String),
}

/// Why a pattern of hosts is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// A `*` that is not the whole first label.
    #[error("`{0}`: `*` is a whole label and the first, `*.example.com`; name no host to take any")]
    Wildcard(String),
    /// A name with a port.
    #[error("`{0}` has a port; leave it away, a host is taken on every port")]
    Port(String),
    /// No name of a host.
    #[error(
        "`{0}` is not the name of a host: labels of ASCII letters, digits and `-` (other scripts as `xn--…`), with single dots between them"
    )]
    Name(String),
}

impl FromStr for HostPattern {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let wildcard = text.strip_prefix("*.");
        let name = wildcard.unwrap_or(text).to_ascii_lowercase();
        if name.contains('*') {
            return Err(HostError::Wildcard(text.to_owned()));
        }
        let port = name.split_once(':').map(|(_, port)| port);
        if port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(HostError::Port(text.to_owned()));
        }
        if name.len() > MAX_NAME || !name.split('.').all(is_label) {
            return Err(HostError::Name(text.to_owned()));
        }
        Ok(match wildcard {
            Some(_) => Self::Wildcard(name),
            None => Self::Exact(name),
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Wildcard(name) => write!(f, "*.{name}"),
        }
    }
}

/// A label of RFC 1123; `_` too, which names in private networks have.
fn is_label(label: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let length = (1..=MAX_LABEL).contains(&label.len());
    length && label.bytes().all(fine) && !label.starts_with('-') && !label.ends_with('-')
}

/// The name in an authority: without the port, and without the last dot of a fully qualified name.
pub(super) fn name(authority: &str) -> &str {
    let end = if authority.starts_with('[') {
        position(authority, b']').map(|bracket| bracket + 1)
    } else {
        position(authority, b':')
    };
    let name = end.map_or(authority, |end| &authority[..end]);
    name.strip_suffix('.').unwrap_or(name)
}

/// The names that this one is below, the nearest first: of `a.b.c` they are `b.c` and `c`.
pub(super) fn parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(parent(name), |name| parent(name))
}

fn parent(name: &str) -> Option<&str> {
    position(name, b'.').map(|dot| &name[dot + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_names_from_wildcards() {
        let exact = |name: &str| Ok(HostPattern::Exact(name.to_owned()));
        assert_eq!("API.Example.com".parse(), exact("api.example.com"));
        assert_eq!("localhost".parse(), exact("localhost"));
        assert_eq!("127.0.0.1".parse(), exact("127.0.0.1"));
        assert_eq!("xn--bcher-kva.example".parse(), exact("xn--bcher-kva.example"));
        let wildcard = "*.Example.com".parse::<HostPattern>().unwrap();
        assert_eq!(wildcard, HostPattern::Wildcard("example.com".to_owned()));
        assert_eq!(wildcard.to_string(), "*.example.com");
    }

    #[test]
    fn refuses_what_no_request_could_ask_for() {
        for bad in ["*", "a.*.com", "*a.com", "a*", "*.*.com"] {
            assert_eq!(bad.parse::<HostPattern>(), Err(HostError::Wildcard(bad.to_owned())));
        }
        for bad in ["a.com:80", "*.a.com:8080"] {
            assert_eq!(bad.parse::<HostPattern>(), Err(HostError::Port(bad.to_owned())));
        }
        let long = format!("{}com", "a.".repeat(126));
        let label = "a".repeat(64);
        for bad in [
            "",
            "*.",
            ".com",
            "a..b",
            "a.com.",
            "-a.com",
            "a-.com",
            "bücher.de",
            "a b",
            "[::1]",
            "http://a",
            &long,
            &label,
        ] {
            assert_eq!(bad.parse::<HostPattern>(), Err(HostError::Name(bad.to_owned())));
        }
    }

    #[test]
    fn an_authority_is_a_name_and_a_port() {
        for (authority, host) in [
            ("a.com", "a.com"),
            ("a.com:8080", "a.com"),
            ("a.com.:80", "a.com"),
            ("[::1]:80", "[::1]"),
            ("[::1", "[::1"),
            ("", ""),
            (":80", ""),
        ] {
            assert_eq!(name(authority), host);
        }
        assert_eq!(parents("a.b.c").collect::<Vec<_>>(), ["b.c", "c"]);
        assert_eq!(parents("a").count(), 0);
    }
}
