//! `Forwarded` (RFC 7239), read as far as it can be trusted: from the right, element by element, up to the client.

use crate::client_ip::{is_trusted, port_is_good};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr};

/// What proxies tell about a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'l> {
    /// Its address.
    pub client: IpAddr,
    /// How it spoke to the first trusted proxy; none if nobody says.
    pub proto: Option<&'l str>,
    /// Whom it asked for.
    pub host: Option<&'l str>,
}

/// The client behind trusted proxies. Each proxy writes one element about who called it, behind all others; so the first
/// element from the right whose `for` is no trusted proxy is about the client, and what is left of it is anybody's word. An
/// element that names nobody (`unknown`, `_hidden`), or cannot be read, ends the walk at the last hop that was known.
///
/// `lines` are the field's lines in the order they came.
pub fn told<'l>(peer: IpAddr, lines: impl DoubleEndedIterator<Item = &'l str>, trusted: &[IpNet]) -> Told<'l> {
    let mut told = Told {
        client: peer.to_canonical(),
        proto: None,
        host: None,
    };
    for element in lines.rev().flat_map(|line| parts(line, b',')) {
        if !is_trusted(told.client, trusted) {
            break;
        }
        let Some(next) = read(element) else { break };
        told = next;
    }
    told
}

/// One element.
fn read(element: &str) -> Option<Told<'_>> {
    let (mut client, mut proto, mut host) = (None, None, None);
    for pair in parts(element, b';') {
        let (name, value) = pair.split_once('=')?;
        let slot = match name {
            name if name.eq_ignore_ascii_case("for") => &mut client,
            name if name.eq_ignore_ascii_case("proto") => &mut proto,
            name if name.eq_ignore_ascii_case("host") => &mut host,
            _ => continue,
        };
        // A parameter stands at most once in an element (section 4).
        if slot.replace(unquoted(value)?).is_some() {
            return None;
        }
    }
    Some(Told {
        client: node(client?)?,
        proto,
        host,
    })
}

/// A node that is an address, with or without a port (section 6).
fn node(text: &str) -> Option<IpAddr> {
    let (address, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (
                address.parse::<Ipv6Addr>().ok()?.into(),
                port.strip_prefix(':').or_else(|| port.is_empty().then_some("0"))?,
            )
        }
        None => {
            let (address, port) = text.split_once(':').unwrap_or((text, "0"));
            (IpAddr::V4(address.parse().ok()?), port)
        }
    };
    let is_good = port_is_good(port) || port.strip_prefix('_').is_some_and(|rest| !rest.is_empty());
    is_good.then(|| address.to_canonical())
}

/// The value of a token, or of a quoted text. Texts with escapes are none of ours.
fn unquoted(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('"');
    let inner = inner.map_or(Some(value), |rest| rest.strip_suffix('"'))?;
    let is_plain = !inner.is_empty() && !inner.contains(['"', '\\']);
    is_plain.then_some(inner)
}

/// The parts of a list from the right, split outside of quotes. A quote that somebody left open on the left cannot reach the
/// parts that proxies wrote behind it.
fn parts(list: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut quoted = false;
        let at = text.bytes().rposition(|byte| {
            quoted ^= byte == b'"';
            byte == separator && !quoted
        });
        let part = match at {
            Some(at) => {
                rest = Some(&text[..at]);
                &text[at + 1..]
            }
            None => {
                rest = None;
                text
            }
        };
        Some(part.trim_matches([' ', '\t']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nets() -> Vec<IpNet> {
        ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).to_vec()
    }

    fn of<'l>(peer: &str, lines: &[&'l str]) -> Told<'l> {
        told(peer.parse().unwrap(), lines.iter().copied(), &nets())
    }

    fn client(peer: &str, lines: &[&str]) -> String {
        of(peer, lines).client.to_string()
    }

    #[test]
    fn walks_from_the_right_past_trusted_hops() {
        for (lines, expected) in [
            (&["for=192.0.2.60"][..], "192.0.2.60"),
            (&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
            (&["for=192.0.2.43:80;by=203.0.113.60;proto=http"], "192.0.2.43"),
            (&["for=\"192.0.2.43:_gazonk\""], "192.0.2.43"),
            (&["for=6.6.6.6, for=192.0.2.43, for=10.0.0.9"], "192.0.2.43"),
            (&["for=6.6.6.6", "for=192.0.2.43"], "192.0.2.43"),
            (&["for=6.6.6.6;x=\"y, for=7.7.7.7"], "7.7.7.7"),
            (&["for=\"6.6.6.6, for=192.0.2.43"], "192.0.2.43"),
            (&["for=6.6.6.6\", for=192.0.2.43;x=\"a, b\""], "192.0.2.43"),
            (&["for=192.0.2.43, for=unknown"], "10.0.0.1"),
            (&["for=192.0.2.43, for=_hidden, for=10.0.0.9"], "10.0.0.9"),
            (&["for=192.0.2.43, rubbish"], "10.0.0.1"),
            (&["for=192.0.2.43;for=192.0.2.44"], "10.0.0.1"),
            (&["proto=https"], "10.0.0.1"),
            (&["for=\"[::1\""], "10.0.0.1"),
            (&["for=2001:db8::1"], "10.0.0.1"),
            (&["for=192.0.2.43:99999"], "10.0.0.1"),
            (&[""], "10.0.0.1"),
            (&[], "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", lines), expected, "{lines:?}");
        }
        assert_eq!(
            client("203.0.113.1", &["for=1.2.3.4"]),
            "203.0.113.1",
            "no proxy of ours"
        );
    }

    #[test]
    fn the_client_s_element_says_how_it_came() {
        let told = of(
            "10.0.0.1",
            &["for=6.6.6.6;proto=ftp, for=192.0.2.43;proto=https;host=\"a.example:8443\", for=10.0.0.2;proto=http"],
        );
        assert_eq!((told.proto, told.host), (Some("https"), Some("a.example:8443")));
        assert_eq!(of("203.0.113.1", &["for=1.2.3.4;proto=https"]).proto, None);
    }

    proptest! {
        /// Laws: nothing panics; nobody is believed by default; and what stands left of a proxy's element changes nothing.
        #[test]
        fn the_left_is_anybody_s_word(left in "[ -~]{0,40}", line in "(for=|proto=|\"|[a-z0-9.:;,=\\[\\] ]){0,20}") {
            let peer: IpAddr = "10.0.0.1".parse().unwrap();
            prop_assert_eq!(told(peer, [line.as_str()].into_iter(), &[]).client, peer);
            let _ = of("10.0.0.1", &[&line]);
            let behind = format!("{left},for=192.0.2.43;proto=https");
            prop_assert_eq!(client("10.0.0.1", &[&behind]), "192.0.2.43");
        }
    }
}
