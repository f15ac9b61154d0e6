//! Tunnels: what becomes of a connection once it was upgraded to a WebSocket.
//!
//! [`crate::phase::upgrade`] opens them. From then on a tunnel is a task of its own, with two bare streams and without
//! Pingora: an idle one takes some 10 KiB, a fifth of what it takes there, and its end is decided here alone.

pub(crate) mod client;
pub(crate) mod handshake;
mod pump;

use crate::{
    context::Presence,
    drain::{Closing, Draining},
};
use bytes::Bytes;
use pingora_core::protocols::Stream;
use pump::Pump;
use std::time::Duration;
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout},
};

/// How long the last bytes of a tunnel may take to leave.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// One end of a tunnel.
pub(crate) struct End {
    /// The connection.
    pub(crate) stream: Stream,
    /// What was read from it with its head, or right after.
    pub(crate) early: Bytes,
}

/// What the log says about a tunnel.
pub(crate) struct Label {
    /// The request that opened it.
    pub(crate) request_id: String,
    /// Its route.
    pub(crate) route: std::sync::Arc<str>,
    /// Where it leads.
    pub(crate) target_address: String,
}

/// Why a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Both sides said so.
    Closed,
    /// A connection broke.
    Broken,
    /// Nothing moved for too long, or one side had closed and the other never did.
    TimedOut,
    /// The edge stops.
    Draining,
}

/// Starts carrying bytes. `presence` keeps request, stream and connection counted until the end.
pub(crate) fn start(client: End, service: End, presence: Option<Presence>, closing: &Closing, label: Label) {
    let closing = closing.watch();
    tokio::spawn(async move {
        carry(client, service, closing, label).await;
        drop(presence);
    });
}

async fn carry(client: End, service: End, mut closing: Draining, label: Label) {
    let began = Instant::now();
    let mut pump = Pump::new(client, service);
    let why = tokio::select! {
        why = pump.run() => why,
        () = closing.begun() => Why::Draining,
    };
    let moved = pump.moved();
    let (mut client, mut service) = pump.into_streams();
    if why != Why::Closed {
        // Whoever is still there gets what is buffered, and an end instead of a reset.
        let goodbye = async {
            tokio::join!(
                AsyncWriteExt::shutdown(&mut client),
                AsyncWriteExt::shutdown(&mut service)
            )
        };
        let _ = timeout(LAST_BYTES, goodbye).await;
    }
    tracing::info!(
        target: "edge::access",
        why = ?why,
        route = &*label.route,
        target_address = label.target_address,
        received = moved.from_client,
        sent = moved.from_service,
        seconds = began.elapsed().as_secs_f64(),
        request_id = label.request_id,
        "tunnel ended",
    );
}
