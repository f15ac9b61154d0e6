//! Addresses: of instances to connect to, of listeners to bind, of networks to believe.

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
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
    if let Some((before, _)) = text.split_once('/') {
        return Err(format!("`{text}` has a path; write `{}`", with_port(before, "http")));
    }
    let wrong = || format!("`{text}` is not an address; write `host:port`");
    let Some((host, port)) = text.rsplit_once(':').filter(|(host, _)| !host.ends_with(':')) else {
        return Err(if is_host(text) {
            format!("`{text}` has no port; write `{text}:80`, or whichever it is")
        } else {
            wrong()
        });
    };
    if host.contains(':') && host.parse::<Ipv6Addr>().is_ok() {
        return Err(format!(
            "`{text}` is an IPv6 address without brackets; write `[{host}]:{port}`"
        ));
    }
    if !is_host(host) {
        return Err(wrong());
    }
    match port.parse::<u32>() {
        Ok(1..=65535) => Ok(text.to_owned()),
        Ok(_) => Err(format!("`{text}`: port {port} does not exist; ports are 1 to 65535")),
        Err(_) => Err(wrong()),
    }
}

fn with_port(authority: &str, scheme: &str) -> String {
    match authority.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) => authority.to_owned(),
        _ => format!("{authority}:{}", if scheme == "https" { 443 } else { 80 }),
    }
}

/// A name or an address, IPv6 in brackets.
pub(crate) fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok();
    }
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
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
                let cure = match text.rsplit_once(':') {
                    Some(("localhost", port)) => format!("write `127.0.0.1:{port}`"),
                    Some(("" | "*", port)) => format!("write `0.0.0.0:{port}` for all of them"),
                    _ => {
                        "write an IP address and a port, `127.0.0.1:8080`, or `0.0.0.0:8080` for all of them".to_owned()
                    }
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
        for good in ["127.0.0.1:80", "localhost:3001", "[::1]:3001", "a-b.c_d:65535"] {
            assert_eq!(address(good).as_deref(), Ok(good));
        }
        let cure = |text: &str| address(text).unwrap_err().split_once("; ").unwrap().1.to_owned();
        assert_eq!(cure("http://h:1/x"), "write `h:1`");
        assert_eq!(cure("https://h"), "write `h:443`");
        assert_eq!(cure("h:1/"), "write `h:1`");
        assert_eq!(cure("h"), "write `h:80`, or whichever it is");
        assert_eq!(cure("::1:80"), "write `[::1]:80`");
        assert_eq!(cure("h:70000"), "ports are 1 to 65535");
        for bad in ["", ":", ":80", "h:", "h:x", "h h:1", "h:0", "[::1]", "[x]:1", "é:1"] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }
}
