//! The successor's side: it takes the listeners of the edge that started it, and says when it is ready.

use std::{
    env,
    io::{self, Write},
    net::SocketAddr,
    os::unix::net::UnixDatagram,
};

/// The variable that tells a successor where its listeners come from.
pub(super) const SOCKET: &str = "EDGE_HANDOVER_SOCKET";
/// The variable that tells it which they are.
pub(super) const LISTENERS: &str = "EDGE_HANDOVER_LISTENERS";
/// What it says when it is ready.
pub(super) const READY: &str = "ready";

/// A successor, until it has told that it is ready.
pub(crate) struct Heir {
    /// Where its listeners come from.
    pub(crate) socket: String,
    /// Where the edge before it listens.
    pub(crate) listeners: Vec<SocketAddr>,
}

impl Heir {
    /// Whether this process was started as one.
    pub(crate) fn here() -> Option<Self> {
        let listeners = env::var(LISTENERS).unwrap_or_default();
        Some(Self {
            socket: env::var(SOCKET).ok().filter(|socket| !socket.is_empty())?,
            listeners: listeners
                .split(',')
                .filter_map(|address| address.parse().ok())
                .collect(),
        })
    }

    /// Tells the one before that it may go.
    pub(crate) fn tell_ready(&self) {
        let mut out = io::stdout();
        if let Err(error) = writeln!(out, "{READY}").and_then(|()| out.flush()) {
            tracing::error!(%error, "the edge before cannot be told that its successor is ready");
        }
    }
}

/// Tells systemd, where it asks for it, that this process serves, and that it is the main one of its unit (`sd_notify(3)`; the unit
/// needs `Type=notify` and `NotifyAccess=all`).
pub(crate) fn notify_systemd() {
    let Some(place) = env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let text = format!("READY=1\nMAINPID={}\n", std::process::id());
    let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to(text.as_bytes(), place));
    if let Err(error) = sent {
        tracing::warn!(%error, "systemd cannot be told that the edge serves");
    }
}
