//! What keeps requests at one target of a ring.

use super::key;
use crate::{client_ip::subscriber, rate_limit::Part};
use http::{HeaderMap, HeaderName};
use shared_identity::cookie;
use std::{fmt, net::IpAddr, str::FromStr};

/// A part of a request, in the words of quotas' keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RingKey {
    /// The client's address; an IPv6 network is one client.
    #[default]
    ClientIp,
    /// A field's first value; the client's address where it is absent or empty.
    Header(HeaderName),
    /// A cookie's value; the client's address where it is absent or empty.
    Cookie(String),
}

impl RingKey {
    /// The place of a request on the ring, and whether this key gave it.
    pub fn place(&self, headers: &HeaderMap, client: IpAddr) -> (u64, bool) {
        let value = match self {
            Self::ClientIp => return (Self::of_client(client), true),
            Self::Header(name) => headers.get(name).map(|value| value.as_bytes()),
            Self::Cookie(name) => cookie(headers, name).map(str::as_bytes),
        };
        match value.filter(|value| !value.is_empty()) {
            Some(value) => (key(value), true),
            None => (Self::of_client(client), false),
        }
    }

    /// The place of a client.
    pub fn of_client(client: IpAddr) -> u64 {
        match subscriber(client) {
            IpAddr::V4(address) => key(&address.octets()),
            IpAddr::V6(address) => key(&address.octets()),
        }
    }
}

impl FromStr for RingKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.parse()? {
            Part::ClientIp => Ok(Self::ClientIp),
            Part::Header(name) => Ok(Self::Header(name)),
            Part::Cookie(name) => Ok(Self::Cookie(name)),
            Part::Claim(_) | Part::Route | Part::Method => Err(()),
        }
    }
}

impl fmt::Display for RingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientIp => f.write_str("client_ip"),
            Self::Header(name) => write!(f, "header.{name}"),
            Self::Cookie(name) => write!(f, "cookie.{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_the_client() {
        let [one, other]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap());
        let mut headers = HeaderMap::new();
        headers.insert("x-tenant", "a".parse().unwrap());
        headers.insert("x-empty", "".parse().unwrap());
        headers.insert("cookie", "b=2; sid=7".parse().unwrap());
        for (text, is_given) in [
            ("client_ip", true),
            ("header.x-tenant", true),
            ("header.x-empty", false),
            ("header.x-other", false),
            ("cookie.sid", true),
            ("cookie.other", false),
        ] {
            let by: RingKey = text.parse().unwrap();
            assert_eq!(by.to_string(), text);
            let [(first, given), (second, _)] = [one, other].map(|client| by.place(&headers, client));
            assert_eq!(given, is_given, "{text}");
            let is_shared = is_given && by != RingKey::ClientIp;
            assert_eq!(first == second, is_shared, "{text}");
        }
        for bad in ["jwt.sub", "route", "method", "header.", "tenant"] {
            assert!(bad.parse::<RingKey>().is_err(), "{bad}");
        }
    }
}
