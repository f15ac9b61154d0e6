//! Which descriptors of this process are its listeners: Pingora keeps them to itself, the kernel tells.

use std::{
    collections::HashMap,
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::RawFd,
};

/// State of a listening socket in `/proc/net/tcp` (Linux, `include/net/tcp_states.h`).
const LISTENING: &str = "0A";

/// The descriptors of the listeners at these addresses.
///
/// # Errors
/// `/proc` cannot be read, or one of them is not there.
pub(super) fn own(addresses: &[SocketAddr]) -> io::Result<Vec<(SocketAddr, RawFd)>> {
    let descriptors = descriptors()?;
    let mut found = Vec::new();
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        // One of them may not be there.
        let text = fs::read_to_string(table).unwrap_or_default();
        for (address, inode) in text.lines().filter_map(listener) {
            if let (true, Some(descriptor)) = (addresses.contains(&address), descriptors.get(inode)) {
                found.push((address, *descriptor));
            }
        }
    }
    match addresses
        .iter()
        .find(|address| !found.iter().any(|(one, _)| one == *address))
    {
        None => Ok(found),
        Some(missing) => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("no descriptor of this process listens at {missing}"),
        )),
    }
}

/// The sockets of this process: descriptors by inode.
fn descriptors() -> io::Result<HashMap<String, RawFd>> {
    let mut sockets = HashMap::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        // The one that reads this directory is gone already.
        let Ok(link) = fs::read_link(entry.path()) else {
            continue;
        };
        let inode = link
            .to_str()
            .and_then(|link| link.strip_prefix("socket:[")?.strip_suffix(']'));
        let number = entry.file_name().to_str().and_then(|number| number.parse().ok());
        if let (Some(inode), Some(number)) = (inode, number) {
            sockets.insert(inode.to_owned(), number);
        }
    }
    Ok(sockets)
}

/// Address and inode of a line that tells of a listener.
fn listener(line: &str) -> Option<(SocketAddr, &str)> {
    let mut fields = line.split_whitespace();
    let (address, state) = (fields.nth(1)?, fields.nth(1)?);
    let inode = fields.nth(5)?;
    (state == LISTENING).then_some(())?;
    let (ip, port) = address.split_once(':')?;
    Some((
        SocketAddr::new(self::ip(ip)?, u16::from_str_radix(port, 16).ok()?),
        inode,
    ))
}

/// Words of four bytes, each in the machine's order.
fn ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16)
            .ok()
            .map(u32::to_ne_bytes)
    };
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let words: Vec<[u8; 4]> = (0..4).map(word).collect::<Option<_>>()?;
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::{net::TcpListener, os::fd::AsRawFd};

    #[test]
    fn each_listener_is_found_and_what_is_none_is_not() {
        let bound = ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"].map(TcpListener::bind);
        let bound: Vec<TcpListener> = bound.into_iter().flatten().collect();
        assert!(bound.len() >= 2, "IPv6 may be away");
        let addresses: Vec<SocketAddr> = bound.iter().map(|one| one.local_addr().unwrap()).collect();
        let mut found = own(&addresses).unwrap();
        found.sort();
        let mut expected: Vec<_> = addresses
            .iter()
            .copied()
            .zip(bound.iter().map(AsRawFd::as_raw_fd))
            .collect();
        expected.sort();
        assert_eq!(found, expected);
        drop(bound);
        assert!(own(&addresses).unwrap_err().to_string().contains("127.0.0.1"));
    }
}
