//! Addresses: of instances to connect to, of listeners to bind, of networks to believe.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// `host:port`, a whole one.
pub(crate) fn address(text: &str) -> Result<String, String> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let rest = rest.split('/').next().unwrap_or_default();
        return Err(format!(
            "`{text}` has a scheme, `{scheme}://`; write `{}`",
            with_port(rest, scheme)
        ));
    }
    if text.starts_with("unix:") || text.starts_with('/') {
        return Err(format!(
            "`{text}` is a socket's file, and only hosts are connected to; write `host:port`"
        ));
    }
    if let Some((before, _)) = text.split_once('/') {
        return Err(format!("`{text}` has a path; write `{}`", with_port(before, "http")));
    }
    if text.is_empty() {
        return Err("here is an empty address; write `host:port`, or take a comma too many out".to_owned());
    }
    if text.contains(char::is_whitespace) {
        return Err(format!(
            "`{text}` is more than an address; write several with commas, and a weight as `{{ address: …, weight: … }}`"
        ));
    }
    let wrong = || format!("`{text}` is not an address; write `host:port`");
    let Some((host, port)) = text.rsplit_once(':').filter(|(host, _)| !host.ends_with(':')) else {
        return Err(if is_host(text) {
            format!("`{text}` has no port; write `{text}:80`, or whichever it is")
        } else {
            wrong()
        });
    };
    if let Some(cure) = without_brackets(text) {
        return Err(format!("`{text}` is an IPv6 address without brackets; {cure}"));
    }
    if !is_host(host) {
        return Err(if is_numeric(host) {
            format!("`{host}` is no IP address, and no name ends in a number; write one or the other")
        } else {
            wrong()
        });
    }
    match number(port) {
        Some(1..=65535) => Ok(text.to_owned()),
        Some(_) => Err(no_port(text, port)),
        None => Err(wrong()),
    }
}

/// `::1:80`: what it should be.
fn without_brackets(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    let is_ipv6 = host.contains(':') && host.parse::<Ipv6Addr>().is_ok();
    is_ipv6.then(|| format!("write `\"[{host}]:{port}\"`"))
}

fn no_port(text: &str, port: &str) -> String {
    format!("`{text}`: port {port} does not exist; ports are 1 to 65535")
}

/// A number in digits alone.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}

fn with_port(authority: &str, scheme: &str) -> String {
    match authority.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => authority.to_owned(),
        _ => format!("{authority}:{}", if scheme == "https" { 443 } else { 80 }),
    }
}

/// A name (RFC 1123, with `_`) or an address, IPv6 in brackets.
pub(crate) fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok();
    }
    if is_numeric(host) {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-')
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    name.len() <= 253 && name.split('.').all(label)
}

/// Whether it looks like an IPv4 address: the last label is a number, which no name's is (the URL standard).
fn is_numeric(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let last = last.strip_prefix("0x").unwrap_or(last);
    !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit())
        || host
            .strip_prefix("0x")
            .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// What is wanted where a listener is bound.
pub(crate) const LISTEN: &str = "an address to listen on";

/// An address to listen on: no names, they may mean several.
pub(crate) fn bind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    struct Bind;

    impl de::Visitor<'_> for Bind {
        type Value = SocketAddr;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(LISTEN)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<SocketAddr, E> {
            text.trim().parse().map_err(|_| {
                let bare = text
                    .split_once("://")
                    .map_or(text, |(_, rest)| rest)
                    .trim_end_matches('/')
                    .trim();
                let cure = match bare.rsplit_once(':') {
                    Some((host, port)) if number(port).is_some_and(|port| port > 65535) && !host.is_empty() => {
                        return E::custom(no_port(text, port));
                    }
                    Some(("localhost", port)) => format!("write `127.0.0.1:{port}`"),
                    Some(("" | "*", port)) => format!("write `0.0.0.0:{port}` for all of them"),
                    _ if bare.parse::<SocketAddr>().is_ok() => format!("write `{bare}`"),
                    _ => without_brackets(bare).unwrap_or_else(|| {
                        "write an IP address and a port, `127.0.0.1:8080`, or `0.0.0.0:8080` for all of them".to_owned()
                    }),
                };
                E::custom(format!("`{text}` is not an address to listen on; {cure}"))
            })
        }
    }

    deserializer.deserialize_str(Bind)
}

/// Networks. A lone address is refused: whether it or its network is meant matters.
pub(crate) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Clone, Copy)]
    struct Network(IpNet);

    impl<'de> Deserialize<'de> for Network {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            text.parse().map(Self).map_err(|_| {
                let cure = match text.parse::<IpAddr>() {
                    Ok(address) => format!("write `{}` for this one address", IpNet::from(address)),
                    Err(_) => "write it like `10.0.0.0/8` or `fd00::/8`".to_owned(),
                };
                de::Error::custom(format!("`{text}` is not a network; {cure}"))
            })
        }
    }

    let networks = Vec::<Network>::deserialize(deserializer)?;
    Ok(networks.into_iter().map(|network| network.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_what_looks_like_one() {
        for good in [
            "a.b.:80",
            "1a:80",
            "127.0.0.1:80",
            "localhost:3001",
            "[::1]:3001",
            "a-b.c_d:65535",
        ] {
            assert_eq!(address(good).as_deref(), Ok(good));
        }
        let cure = |text: &str| address(text).unwrap_err().split_once("; ").unwrap().1.to_owned();
        assert_eq!(cure("http://h:1/x"), "write `h:1`");
        assert_eq!(cure("https://h"), "write `h:443`");
        assert_eq!(cure("h:1/"), "write `h:1`");
        assert_eq!(cure("h"), "write `h:80`, or whichever it is");
        assert_eq!(cure("::1:80"), "write `\"[::1]:80\"`");
        assert_eq!(cure("h:70000"), "ports are 1 to 65535");
        for bad in [
            "256.0.0.1:80",
            "127.1:80",
            "0x7f000001:1",
            "10:30",
            "a..b:80",
            "-a:80",
            "a:+80",
            "unix:/x.sock",
        ] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
        assert!(address(&format!("{}:80", "a".repeat(300))).is_err());
        for bad in ["", ":", ":80", "h:", "h:x", "h h:1", "h:0", "[::1]", "[x]:1", "é:1"] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }
}
