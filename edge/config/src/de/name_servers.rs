//! Name servers: they are asked for names, so they have none themselves.

use serde::{Deserialize, Deserializer, de};
use std::net::{IpAddr, SocketAddr};

/// Where DNS listens unless told otherwise.
const PORT: u16 = 53;

/// IP addresses, each with its port or 53.
pub(crate) fn name_servers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SocketAddr>, D::Error> {
    struct Server(SocketAddr);

    impl<'de> Deserialize<'de> for Server {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            server(&text).map(Self).map_err(de::Error::custom)
        }
    }

    let servers = Vec::<Server>::deserialize(deserializer)?;
    Ok(servers.into_iter().map(|server| server.0).collect())
}

fn server(text: &str) -> Result<SocketAddr, String> {
    let bare = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    let found = text.parse().or(bare);
    let is_real = |server: &SocketAddr| server.port() != 0 && !server.ip().is_unspecified();
    found.ok().filter(is_real).ok_or_else(|| {
        format!("`{text}` is not a name server's address; write an IP address with its port, `127.0.0.1:8600`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_may_be_left_out() {
        for (text, want) in [
            ("127.0.0.1:8600", "127.0.0.1:8600"),
            ("10.0.0.2", "10.0.0.2:53"),
            ("::1", "[::1]:53"),
            ("[::1]:5353", "[::1]:5353"),
        ] {
            assert_eq!(server(text).map(|server| server.to_string()).as_deref(), Ok(want));
        }
        for bad in ["", "dns.internal:53", "0.0.0.0", "127.0.0.1:0", "127.0.0.1:70000"] {
            assert!(server(bad).is_err(), "{bad}");
        }
    }
}
