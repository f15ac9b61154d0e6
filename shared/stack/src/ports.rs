//! Ports: a free one on loopback, and who holds one that is not free.

use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    sync::Mutex,
};

use crate::{Error, Result, process};

/// Below the range from which Linux takes ports for outgoing connections, so that a stopped store finds its port again.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// Whether a listener could be opened there now.
pub fn is_free(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_ok()
}

/// Whether a listener could be opened on this port of 127.0.0.1 now.
pub fn is_free_on_loopback(port: u16) -> bool {
    is_free(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
}

/// A free port that this process has not handed out before.
pub fn free() -> Result<u16> {
    static ISSUED: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let span = RANGE.end - RANGE.start;
    for _ in 0..1000 {
        let port = RANGE.start + random_u16()? % span;
        // On every address, since a program may listen beyond loopback.
        if is_free(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port))
            && ISSUED.lock().is_ok_and(|mut issued| issued.insert(port))
        {
            return Ok(port);
        }
    }
    Err(Error::new(format!(
        "no free port between {} and {}",
        RANGE.start, RANGE.end
    )))
}

fn random_u16() -> Result<u16> {
    let bytes = random_bytes::<2>()?;
    Ok(u16::from_ne_bytes(bytes))
}

/// Bytes from the kernel's generator.
pub fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let read = fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    crate::Context::context(read, || "cannot read /dev/urandom".to_owned())?;
    Ok(bytes)
}

/// The process that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its pid; `None` when it belongs to a user whose processes we may not see.
    pub pid: Option<u32>,
    /// Its command line, or what is known of it.
    pub command: String,
    /// The state directory it belongs to, when it is a program of ours.
    pub state: Option<String>,
}

/// Who listens on this TCP port; `None` when nobody does.
pub fn owner(port: u16) -> Option<Owner> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let inode = tables
        .iter()
        .find_map(|table| listening_inode(&fs::read_to_string(table).ok()?, port))?;
    let link = format!("socket:[{inode}]");
    let holds = |pid: &u32| {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|fd| fs::read_link(fd.path()).ok())
            .any(|target| target.as_os_str() == link.as_str())
    };
    // Forked workers share the socket: the lowest pid is the one to stop.
    let Some(pid) = process::pids().filter(holds).min() else {
        return Some(Owner {
            pid: None,
            command: "a process of another user".to_owned(),
            state: None,
        });
    };
    let state = process::variable_of(pid, process::STATE_VARIABLE);
    Some(Owner {
        pid: Some(pid),
        command: process::command_line(pid),
        state,
    })
}

/// The inode of the listening socket on `port` in the text of `/proc/net/tcp`.
fn listening_inode(table: &str, port: u16) -> Option<u64> {
    const LISTEN: &str = "0A";
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let local = fields.get(1)?.rsplit(':').next()?;
        let matches = u16::from_str_radix(local, 16) == Ok(port) && fields.get(3) == Some(&LISTEN);
        if matches { fields.get(9)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_busy_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!is_free_on_loopback(port));
        let owner = owner(port).unwrap();
        assert_eq!(owner.pid, Some(std::process::id()));
        assert!(owner.command.contains("shared_stack"), "{owner:?}");
        drop(listener);
        assert_eq!(super::owner(port), None);
    }

    #[test]
    fn free_ports_are_handed_out_once() {
        let ports: Vec<u16> = (0..50).map(|_| free().unwrap()).collect();
        assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), 50);
        assert!(ports.iter().all(|port| RANGE.contains(port)));
    }

    #[test]
    fn only_listening_sockets_count() {
        let table = "  sl  local_address rem_address   st\n\
            0: 0100007F:1F90 0100007F:A000 01 00000000:00000000 00:00000000 00000000  1000 0 111 1\n\
            1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 222 1\n";
        assert_eq!(listening_inode(table, 8080), Some(222));
        assert_eq!(listening_inode(table, 8081), None);
    }
}
