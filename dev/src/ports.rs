//! Ports of programs: which ones, and whether they are free.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use shared_stack::{
    Error, Result,
    ports::{self, Owner},
    process::pause,
};

use crate::{names::Program, platform::Platform, state::Entry};

/// Where an instance listens, and where the edge's admin listener is.
pub(crate) fn choose(
    platform: &Platform,
    program: Program,
    instance: u32,
    free: bool,
) -> Result<(String, Option<String>)> {
    if free {
        let admin = if program == Program::Edge {
            Some(loopback(ports::free()?))
        } else {
            None
        };
        return Ok((loopback(ports::free()?), admin));
    }
    if program != Program::Edge {
        return Ok((shifted(&loopback(program.port()), instance)?, None));
    }
    let bind = platform.settings.get("EDGE_BIND").unwrap_or("0.0.0.0:8080");
    let admin = platform.settings.get("EDGE_ADMIN_BIND").unwrap_or("127.0.0.1:9901");
    Ok((shifted(bind, instance)?, Some(shifted(admin, instance)?)))
}

fn loopback(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// The address of instance N: 100 ports up for each instance after the first.
fn shifted(bind: &str, instance: u32) -> Result<String> {
    let invalid = || Error::new(format!("`{bind}` is not ADDRESS:PORT"));
    let mut address: SocketAddr = bind.parse().map_err(|_| invalid())?;
    let shift = u16::try_from((instance - 1) * 100).map_err(|_| invalid())?;
    address.set_port(address.port().checked_add(shift).ok_or_else(invalid)?);
    Ok(address.to_string())
}

/// Whether all ports of an instance are free.
pub(crate) fn are_free(entry: &Entry) -> bool {
    let free = |bind: &String| bind.parse().is_ok_and(ports::is_free);
    free(&entry.bind) && entry.admin.as_ref().is_none_or(free)
}

/// Whether an instance that is about to start can have its ports.
///
/// # Errors
/// Names the owner of a busy port and one cure.
pub(crate) fn check(platform: &Platform, entry: &Entry) -> Result<()> {
    for bind in [Some(&entry.bind), entry.admin.as_ref()].into_iter().flatten() {
        let address: SocketAddr = bind
            .parse()
            .map_err(|_| Error::new(format!("`{bind}` is not ADDRESS:PORT")))?;
        // One that was just killed may need a moment to let go.
        let end = Instant::now() + Duration::from_secs(2);
        while !ports::is_free(address) {
            let owner = ports::owner(address.port());
            if Instant::now() > end || owner.as_ref().is_some_and(|owner| owner.pid.is_some()) {
                return Err(busy(platform, entry, address.port(), owner));
            }
            pause(Duration::from_millis(20));
        }
    }
    Ok(())
}

fn busy(platform: &Platform, entry: &Entry, port: u16, owner: Option<Owner>) -> Error {
    let what = format!("port {port}, wanted by {}, is taken", entry.name());
    let Some(owner) = owner else {
        return Error::new(what).cure(platform.command("--free-ports up"));
    };
    let here = platform.dir.to_string_lossy();
    match (owner.pid, owner.state) {
        (Some(pid), Some(state)) if state != here => {
            Error::new(format!("{what} by another platform (pid {pid}: {})", owner.command))
                .cure(format!("cargo dev --state {state} down"))
        }
        (Some(pid), _) => Error::new(format!("{what} by pid {pid}: {}", owner.command)).cure(format!("kill {pid}")),
        (None, _) => Error::new(format!("{what} by {}", owner.command)).cure(platform.command("--free-ports up")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use shared_stack::Wanted;

    use super::*;
    use crate::args::Global;

    #[test]
    fn instances_are_a_hundred_apart() {
        assert_eq!(shifted("127.0.0.1:3004", 1).unwrap(), "127.0.0.1:3004");
        assert_eq!(shifted("127.0.0.1:3004", 3).unwrap(), "127.0.0.1:3204");
        assert_eq!(shifted("0.0.0.0:8080", 2).unwrap(), "0.0.0.0:8180");
        assert!(shifted("0.0.0.0:65500", 2).is_err());
        assert!(shifted("8080", 1).is_err());
    }

    #[test]
    fn the_owner_of_a_busy_port_is_named_with_one_cure() {
        let dir = tempfile::tempdir().unwrap();
        let global = Global {
            state: Some(dir.path().to_owned()),
            free_ports: true,
        };
        let platform = Platform::open(&global).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let entry = Entry {
            program: Program::Posts,
            instance: 1,
            bind: listener.local_addr().unwrap().to_string(),
            admin: None,
            process: None,
            wanted: Wanted::Running,
            build: String::new(),
            settings: String::new(),
        };
        let said = check(&platform, &entry).unwrap_err().to_string();
        let own = std::process::id();
        assert!(
            said.contains("wanted by posts.1") && said.contains(&format!("pid {own}")),
            "{said}"
        );
        assert!(said.ends_with(&format!("cure: kill {own}")), "{said}");
        drop(listener);
        check(&platform, &entry).unwrap();
    }
}
