//! The origins behind what is measured, each a process of its own, and their faults.

use super::{
    cpus::Cpus,
    place::Place,
    process::{Program, Running},
};
use shared_stack::{Context, Error, Result, ports, probe, process::Signal};
use std::{
    io::{Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(10);
/// Between finding a free port and binding it another program may take it.
const TRIES: u32 = 3;

/// One origin that runs.
pub(crate) struct Origin {
    /// Where it serves.
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
    name: String,
    wanted: Wanted,
    jwks: PathBuf,
    running: Mutex<Running>,
}

/// How origins are started.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// This program, or another build of it.
    pub(crate) program: PathBuf,
    /// How many.
    pub(crate) count: u32,
    /// Threads of each.
    pub(crate) threads: usize,
    /// Where they run.
    pub(crate) cpus: Option<Cpus>,
    /// The key set they publish.
    pub(crate) jwks: String,
}

impl Wanted {
    /// Origins of this very program, one thread each, with no key.
    pub(crate) fn new(count: u32, cpus: Option<&Cpus>) -> Result<Self> {
        Ok(Self {
            program: std::env::current_exe().context(|| "cannot find this program".to_owned())?,
            count,
            threads: 1,
            cpus: cpus.cloned(),
            jwks: r#"{"keys":[]}"#.to_owned(),
        })
    }

    /// Starts them; each is ready when this returns.
    ///
    /// # Errors
    /// One does not start; its log is shown.
    pub(crate) fn start(&self, place: &Place) -> Result<Vec<Origin>> {
        let jwks = place.write("jwks.json", &self.jwks)?;
        (1..=self.count)
            .map(|number| {
                let name = format!("origin-{number}");
                retried(|| {
                    let (address, admin) = (loopback(ports::free()?), loopback(ports::free()?));
                    Ok(Origin {
                        running: Mutex::new(self.start_one(place, &name, address, admin, &jwks)?),
                        address,
                        admin,
                        name: name.clone(),
                        wanted: self.clone(),
                        jwks: jwks.clone(),
                    })
                })
            })
            .collect()
    }

    fn start_one(
        &self,
        place: &Place,
        name: &str,
        address: SocketAddr,
        admin: SocketAddr,
        jwks: &Path,
    ) -> Result<Running> {
        let program = Program::new(name, &self.program, &["origin", "--bind"])
            .arg(address.to_string())
            .arg("--admin")
            .arg(admin.to_string())
            .arg("--threads")
            .arg(self.threads.to_string())
            .arg("--jwks")
            .arg(jwks)
            .on(self.cpus.as_ref());
        let running = program.start(place)?;
        running.await_ready(PATIENCE, || {
            probe::http_status(&admin.to_string(), "/health/ready").is_ok_and(|status| status == 200)
        })?;
        Ok(running)
    }
}

/// 127.0.0.1 with this port.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Tries again with other ports where a start failed.
pub(crate) fn retried<T>(mut start: impl FnMut() -> Result<T>) -> Result<T> {
    let mut last = start();
    for _ in 1..TRIES {
        if last.is_ok() {
            break;
        }
        last = start();
    }
    last
}

impl Origin {
    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.running().pid()
    }

    /// Sets faults: `delay=20`, `freeze=1000`, `refuse=true`, `cut=10`, `wrong=missing`, `clear`; several with `&`.
    ///
    /// # Errors
    /// It is not understood, or the origin is gone.
    pub(crate) fn fault(&self, query: &str) -> Result<()> {
        let (status, body) = self.ask("POST", &format!("/faults?{query}"))?;
        if status == 204 {
            return Ok(());
        }
        Err(Error::new(format!("the origin does not take the fault {body}")))
    }

    /// Sends it a signal; SIGKILL is as a crash would be: connections are reset and its port is refused.
    pub(crate) fn signal(&self, signal: Signal) -> bool {
        self.running().signal(signal)
    }

    /// Starts it again on the same address, without the faults it had.
    ///
    /// # Errors
    /// It is running still, or does not start.
    pub(crate) fn start_again(&self, place: &Place) -> Result<()> {
        let mut running = self.running();
        if running.is_alive() {
            return Err(Error::new(format!("{} is running", self.name)));
        }
        *running = self
            .wanted
            .start_one(place, &self.name, self.address, self.admin, &self.jwks)?;
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Status and body from the admin listener.
    fn ask(&self, method: &str, target: &str) -> Result<(u16, String)> {
        let address = self.admin.to_string();
        let exchange = || -> std::io::Result<String> {
            let mut stream = probe::connect(&address)?;
            let head = format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes())?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        let text = exchange().context(|| format!("cannot ask the origin at {address}"))?;
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok((status.unwrap_or(0), body.to_owned()))
    }
}
