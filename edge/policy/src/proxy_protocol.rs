//! HAProxy's PROXY protocol, versions 1 and 2: what a load balancer says about a client before the client's first byte.
//! <https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>; its sections are named below.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a version 2 header begins with; no other protocol does (section 2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// What a version 1 header begins with.
const WORD: &[u8; 6] = b"PROXY ";
/// Longest header of version 1, with its end (section 2.1).
const MAX_TEXT: usize = 107;
/// Longest header of version 2 that is taken, bytes behind its first 16. Addresses and a few TLVs fit in; the 64 KiB that
/// could be announced would be read for nothing.
const MAX_BINARY: usize = 2048;
/// Most bytes that [`read`] has to be given.
pub const MAX_HEADER: usize = 16 + MAX_BINARY;

/// A header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The client, with its port. None if the balancer speaks for itself (`LOCAL`: a health check) or does not know
    /// (`UNKNOWN`, `UNSPEC`, a socket without address): then the connection's own address counts.
    pub client: Option<SocketAddr>,
    /// Bytes it took.
    pub length: usize,
}

/// It is no header of either version, or a broken one. The connection is to be closed without a word (section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no header of the PROXY protocol")]
pub struct Malformed;

/// Reads a header at the begin of `bytes`. `None`: more bytes are needed.
///
/// # Errors
/// [`Malformed`], as soon as it shows.
pub fn read(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let agrees = |begin: &[u8]| {
        let both = begin.len().min(bytes.len());
        bytes[..both] == begin[..both]
    };
    if agrees(SIGNATURE) {
        return binary(bytes);
    }
    if agrees(WORD) {
        return text(bytes);
    }
    Err(Malformed)
}

/// Section 2.1: one line of text.
fn text(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let window = &bytes[..bytes.len().min(MAX_TEXT)];
    let Some(end) = window.iter().position(|byte| *byte == b'\n') else {
        return if bytes.len() < MAX_TEXT {
            Ok(None)
        } else {
            Err(Malformed)
        };
    };
    let line = bytes[WORD.len().min(end)..end].strip_suffix(b"\r").ok_or(Malformed)?;
    let line = std::str::from_utf8(line).map_err(|_| Malformed)?;
    let client = match line.split_once(' ').map_or(line, |(family, _)| family) {
        // Whatever follows is to be passed over.
        "UNKNOWN" => None,
        family => Some(addresses(family, line).ok_or(Malformed)?),
    };
    Ok(Some(Header {
        client,
        length: end + 1,
    }))
}

/// `TCP4 source destination port port`, with single spaces.
fn addresses(family: &str, line: &str) -> Option<SocketAddr> {
    let mut words = line.split(' ').skip(1);
    let mut address = || {
        let word = words.next()?;
        let address: IpAddr = word.parse().ok()?;
        (address.is_ipv4() == (family == "TCP4")).then_some(address)
    };
    let (source, _) = (address()?, address()?);
    let mut port = || {
        let word = words.next()?;
        let is_plain = word.bytes().all(|byte| byte.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
        word.parse::<u16>().ok().filter(|_| is_plain)
    };
    let (source_port, _) = (port()?, port()?);
    let is_known = matches!(family, "TCP4" | "TCP6") && words.next().is_none();
    is_known.then(|| SocketAddr::new(source, source_port))
}

/// Section 2.2: the signature, version and command, family, length, addresses, and TLVs, which are passed over.
fn binary(bytes: &[u8]) -> Result<Option<Header>, Malformed> {
    let Some((head, rest)) = bytes.split_first_chunk::<16>() else {
        return Ok(None);
    };
    let [.., command, family, high, low] = *head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if !matches!(command, 0x20 | 0x21) || length > MAX_BINARY {
        return Err(Malformed);
    }
    let Some(payload) = rest.get(..length) else {
        return Ok(None);
    };
    let header = |client| {
        Ok(Some(Header {
            client,
            length: 16 + length,
        }))
    };
    if command == 0x20 {
        return header(None);
    }
    let (client, used) = match family {
        // A stream over IPv4, over IPv6; datagrams do not come by a connection.
        0x11 => v4(payload).ok_or(Malformed)?,
        0x21 => v6(payload).ok_or(Malformed)?,
        0x31 if length >= 216 => (None, 216),
        0x00 => return header(None),
        _ => return Err(Malformed),
    };
    if tlvs_fit(&payload[used..]) {
        header(client)
    } else {
        Err(Malformed)
    }
}

fn v4(payload: &[u8]) -> Option<(Option<SocketAddr>, usize)> {
    let block = payload.first_chunk::<12>()?;
    let address = Ipv4Addr::from(*block.first_chunk::<4>()?);
    let port = u16::from_be_bytes([block[8], block[9]]);
    Some((Some(SocketAddr::new(address.into(), port)), 12))
}

fn v6(payload: &[u8]) -> Option<(Option<SocketAddr>, usize)> {
    let block = payload.first_chunk::<36>()?;
    let address = Ipv6Addr::from(*block.first_chunk::<16>()?);
    let port = u16::from_be_bytes([block[32], block[33]]);
    Some((Some(SocketAddr::new(address.into(), port)), 36))
}

/// Whether type, length and value follow each other up to the end.
fn tlvs_fit(mut rest: &[u8]) -> bool {
    while let [_, high, low, values @ ..] = rest {
        match values.get(usize::from(u16::from_be_bytes([*high, *low]))..) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests;
