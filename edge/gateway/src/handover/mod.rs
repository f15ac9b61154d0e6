//! Handover: another process takes over, of a new binary or with what only a start can change, and no request is lost.
//!
//! The edge that serves starts its successor, with the arguments and the environment that it was started with, and sends it its
//! listeners. Both take connections from then on; once the successor says that it is ready, the old one drains. A successor that ends
//! before, or does not get ready in time, changes nothing.

pub(crate) mod heir;
mod listeners;

use crate::edge::Edge;
use heir::{LISTENERS, READY, SOCKET};
use pingora_core::server::Fds;
use std::{
    env,
    ffi::OsString,
    fs::Permissions,
    io,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    sync::{Mutex, Notify},
    task::spawn_blocking,
    time::{sleep, timeout},
};

/// A successor may take this long to get ready.
const READY_WITHIN: Duration = Duration::from_secs(45);
/// From the answer to whoever asked for it to the begin of the drain.
const LAST_WORD: Duration = Duration::from_millis(200);

/// Why nobody took over. The edge that served goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandoverError {
    /// One is under way already.
    #[error("a handover is under way already")]
    Busy,
    /// The process is the first of its container: with it all others end.
    #[error(
        "this process is the first of its container, which ends with it: replace the container instead, or run the edge under an init"
    )]
    First,
    /// The successor cannot be started.
    #[error("{0} cannot be started: {1}")]
    Start(PathBuf, io::Error),
    /// The listeners cannot be sent.
    #[error("the listeners cannot be handed over: {0}")]
    Listeners(String),
    /// The successor ended.
    #[error("the successor ended before it was ready ({0}); its log says why")]
    Ended(ExitStatus),
    /// The successor is not ready in time.
    #[error("the successor was not ready within {} s, and was ended", READY_WITHIN.as_secs())]
    Late,
}

/// How this edge is followed by another.
pub(crate) struct Handover {
    /// Looked up at the start: the file behind it may be another one since, and that is the point.
    program: io::Result<PathBuf>,
    arguments: Vec<OsString>,
    listeners: Vec<SocketAddr>,
    one_at_a_time: Mutex<()>,
    /// Told when the successor serves.
    pub(crate) done: Arc<Notify>,
}

impl Handover {
    /// Of an edge that listens at these addresses.
    pub(crate) fn new(listeners: Vec<SocketAddr>) -> Self {
        Self {
            program: env::current_exe(),
            arguments: env::args_os().skip(1).collect(),
            listeners,
            one_at_a_time: Mutex::default(),
            done: Arc::default(),
        }
    }

    /// Starts a successor, and drains once it serves. Its process id.
    ///
    /// # Errors
    /// Why it did not take over.
    pub(crate) async fn run(&self) -> Result<u32, HandoverError> {
        let _only = self.one_at_a_time.try_lock().map_err(|_| HandoverError::Busy)?;
        if std::process::id() == 1 {
            return Err(HandoverError::First);
        }
        let outcome = self.succeed().await;
        match &outcome {
            Ok(pid) => {
                tracing::info!(pid, "a successor serves; draining");
                let done = Arc::clone(&self.done);
                tokio::spawn(async move {
                    sleep(LAST_WORD).await;
                    done.notify_one();
                });
            }
            Err(error) => tracing::error!(%error, "nobody took over; this edge goes on"),
        }
        outcome
    }

    async fn succeed(&self) -> Result<u32, HandoverError> {
        let unsent = |error: &dyn std::error::Error| HandoverError::Listeners(error.to_string());
        // Nobody else may offer listeners there.
        let directory = private_directory().map_err(|error| unsent(&error))?;
        let socket = directory.path().join("listeners");
        let mut child = self.start(&socket)?;
        let pid = child.id().unwrap_or_default();
        let sent = self.send(&socket);
        let ready = async { tokio::try_join!(sent, is_ready(&mut child)) };
        match timeout(READY_WITHIN, ready).await {
            Ok(Ok(_)) => Ok(pid),
            failed => {
                // It may have ended already.
                let _ = child.kill().await;
                failed.unwrap_or(Err(HandoverError::Late)).map(|_| pid)
            }
        }
    }

    fn start(&self, socket: &Path) -> Result<Child, HandoverError> {
        let program = match &self.program {
            Ok(program) => program,
            Err(error) => {
                let error = io::Error::new(error.kind(), error.to_string());
                return Err(HandoverError::Start("the edge's own program".into(), error));
            }
        };
        let listeners: Vec<String> = self.listeners.iter().map(ToString::to_string).collect();
        let mut command = Command::new(program);
        command.args(&self.arguments).env(SOCKET, socket);
        command.env(LISTENERS, listeners.join(","));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let started = command.spawn();
        started.map_err(|error| HandoverError::Start(program.clone(), error))
    }

    /// Sends the listeners as Pingora takes them.
    async fn send(&self, socket: &Path) -> Result<(), HandoverError> {
        let unsent = |error: &dyn std::error::Error| HandoverError::Listeners(error.to_string());
        let own = listeners::own(&self.listeners).map_err(|error| unsent(&error))?;
        let socket = socket.display().to_string();
        let sent = spawn_blocking(move || {
            let mut table = Fds::new();
            for (address, descriptor) in own {
                table.add(address.to_string(), descriptor);
            }
            table.send_to_sock(socket.as_str())
        });
        match sent.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(unsent(&error)),
            Err(error) => Err(unsent(&error)),
        }
    }
}

/// Returns once a successor says so, on its standard output.
async fn is_ready(child: &mut Child) -> Result<(), HandoverError> {
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line == READY {
                return Ok(());
            }
        }
    }
    match child.wait().await {
        Ok(status) => Err(HandoverError::Ended(status)),
        Err(error) => Err(HandoverError::Start("the successor".into(), error)),
    }
}

fn private_directory() -> io::Result<TempDir> {
    let mut directory = tempfile::Builder::new();
    directory.prefix("edge-").permissions(Permissions::from_mode(0o700));
    directory.tempdir()
}

/// Lets another process take over at each SIGUSR2.
pub(crate) async fn on_signal(edge: Arc<Edge>) {
    let mut signals = match signal(SignalKind::user_defined2()) {
        Ok(signals) => signals,
        Err(error) => {
            tracing::error!(%error, "SIGUSR2 cannot be heard; `edge upgrade` works all the same");
            return;
        }
    };
    while signals.recv().await.is_some() {
        // What became of it is in the log.
        let _ = edge.handover.run().await;
    }
}
