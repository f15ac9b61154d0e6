//! The real edge, with a given configuration.

use super::{
    build,
    cpus::Cpus,
    origins::{loopback, retried},
    place::Place,
    process::{Program, Running},
};
use shared_stack::{Context, Error, Result, ports, probe};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// How an edge is started.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The binary.
    pub(crate) program: PathBuf,
    /// Its configuration; `EDGE_BIND` and `EDGE_ADMIN_BIND` must be what it listens on.
    pub(crate) config: PathBuf,
    /// Variables, for the configuration and for the edge itself.
    pub(crate) variables: Vec<(String, String)>,
    /// Where it runs. It takes a worker thread for each processor it has.
    pub(crate) cpus: Option<Cpus>,
    /// Whether it writes a line for each request. The others are measured without, so it is usually off.
    pub(crate) access_log: bool,
}

/// An edge that runs.
pub(crate) struct Edge {
    /// Where clients go.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) running: Running,
    /// What commands of a scenario find it by: its program, its configuration, and what `edge …` looks for.
    pub(crate) handles: Vec<(&'static str, String)>,
}

/// The binary to measure: the one that was named, else a fresh release build.
///
/// # Errors
/// It is not there, or does not build.
pub(crate) fn binary(root: &Path, named: Option<&Path>) -> Result<PathBuf> {
    match named {
        Some(file) => file
            .canonicalize()
            .context(|| format!("--edge {}", file.display()))
            .map_err(|error| Error::new(error.to_string()).cure("name a built edge, or leave --edge away")),
        None => build::release(root, "edge-gateway", "edge"),
    }
}

impl Wanted {
    /// Starts it and waits until it serves.
    ///
    /// # Errors
    /// It refuses its configuration or does not start; its log is shown.
    pub(crate) fn start(&self, place: &Place) -> Result<Edge> {
        retried(|| self.start_once(place))
    }

    fn start_once(&self, place: &Place) -> Result<Edge> {
        let (address, admin) = (loopback(ports::free()?), loopback(ports::free()?));
        let filter = if self.access_log {
            "info"
        } else {
            "info,edge::access=off"
        };
        // A copy of its own, which a scenario may change while it is served.
        let config = place.file(&format!("edge-{}.yaml", admin.port()));
        fs::copy(&self.config, &config).context(|| format!("cannot copy {}", self.config.display()))?;
        let token = place.file("admin.token");
        let mut program = Program::new("edge", &self.program, &["run", "--config"])
            .arg(&config)
            .env("EDGE_BIND", address.to_string())
            .env("EDGE_ADMIN_BIND", admin.to_string())
            .env("EDGE_ADMIN_TOKEN_FILE", token.display().to_string())
            .env("EDGE_ADMIN_AUDIT_FILE", place.file("audit.jsonl").display().to_string())
            .env("RUST_LOG", filter)
            .on(self.cpus.as_ref());
        // Schemas are named against the checkout.
        program.cwd = Some(place.root.clone());
        program.env.extend(self.variables.iter().cloned());
        let running = program.start(place)?;
        running.await_ready(PATIENCE, || {
            let status = |address: SocketAddr| probe::http_status(&address.to_string(), "/health");
            status(address).is_ok_and(|status| status == 200)
        })?;
        let handles = vec![
            ("EDGE", self.program.display().to_string()),
            ("EDGE_CONFIG", config.display().to_string()),
            ("EDGE_ADMIN", admin.to_string()),
            ("EDGE_ADMIN_TOKEN_FILE", token.display().to_string()),
        ];
        Ok(Edge {
            address,
            running,
            handles,
        })
    }
}
