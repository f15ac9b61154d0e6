//! Tunnels: what becomes of a connection once it was upgraded to a WebSocket.
//!
//! [`crate::phase::upgrade`] opens them. From then on a tunnel is a task of its own, with two bare streams and without
//! Pingora: an idle one takes some 10 KiB, a fifth of what it takes there, and its end is decided here alone.
//! Event streams go the same way once their head is sent: see [`stream`].

pub(crate) mod client;
mod events;
mod frames;
pub(crate) mod handshake;
mod pump;
pub(crate) mod stream;

pub(crate) use events::Events;

use crate::{
    access_log::AccessLog,
    context::{Presence, RequestContext},
    edge::Edge,
    metrics::TunnelCells,
    standing::{Over, Standing},
    stay::Leave,
};
use bytes::Bytes;
use pingora_core::protocols::Stream;
use pump::Pump;
use std::{cell::RefCell, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};

/// How long the last bytes of a tunnel may take to leave.
const LAST_BYTES: Duration = Duration::from_secs(1);
/// An end that takes nothing of what waits for it for this long is dead.
const STALL: Duration = Duration::from_secs(60);
/// Reads of one direction before others have their turn.
const TURN: usize = 16;
const SCRATCH: usize = 16 * 1024;

thread_local! {
    /// What is read goes through here: an idle tunnel has no buffer of its own.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into());
}

/// One end of a tunnel.
pub(crate) struct End {
    /// The connection.
    pub(crate) stream: Stream,
    /// What was read from it with its head, or right after.
    pub(crate) early: Bytes,
}

/// What the log says about a tunnel.
pub(crate) struct Label {
    /// Where it is told.
    pub(crate) log: AccessLog,
    /// The request that opened it.
    pub(crate) request_id: String,
    /// Its route.
    pub(crate) route: Arc<str>,
    /// Where it leads.
    pub(crate) target_address: String,
}

impl Label {
    /// Of the request that opens it.
    pub(crate) fn of(edge: &Edge, ctx: &RequestContext) -> Self {
        Self {
            log: edge.access_log.clone(),
            request_id: ctx.request_id.clone(),
            route: ctx
                .route
                .as_ref()
                .map_or_else(|| "-".into(), |route| Arc::clone(&route.name)),
            target_address: { ctx.target.as_ref() }.map_or_else(String::new, |target| target.address_text.to_string()),
        }
    }
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
    /// Whoever opened it may not go on, or has to leave.
    Over(Over),
}

impl Why {
    /// In a word each, in the order of [`Why::index`].
    pub(crate) const WORDS: [&str; 7] = [
        "closed",
        "broken",
        "timed_out",
        "revoked",
        "expired",
        "stopping",
        "moved",
    ];

    /// Its place among the words.
    fn index(self) -> usize {
        match self {
            Self::Closed => 0,
            Self::Broken => 1,
            Self::TimedOut => 2,
            Self::Over(Over::Revoked) => 3,
            Self::Over(Over::Expired) => 4,
            Self::Over(Over::Leaving(Leave::Stopping)) => 5,
            Self::Over(Over::Leaving(Leave::Moved)) => 6,
        }
    }
}

/// What a tunnel owes to its route.
pub(crate) struct Terms {
    /// It ends when nothing moves for this long.
    pub(crate) silence: Duration,
    /// Where what it carries is counted.
    pub(crate) cells: Arc<TunnelCells>,
}

/// Starts carrying bytes. `presence` keeps request, stream and connection counted until the end.
pub(crate) fn start(
    client: End,
    service: End,
    presence: Option<Presence>,
    standing: Standing,
    terms: Terms,
    label: Label,
) {
    tokio::spawn(async move {
        terms.cells.opened.add();
        terms.cells.open.enter();
        let why = carry(client, service, standing, &terms, label).await;
        terms.cells.open.leave();
        terms.cells.ended[why.index()].add();
        drop(presence);
    });
}

async fn carry(client: End, service: End, mut standing: Standing, terms: &Terms, label: Label) -> Why {
    let began = Instant::now();
    let mut pump = Pump::new(client, service, terms);
    let why = tokio::select! {
        why = pump.run() => why,
        over = standing.over() => Why::Over(over),
    };
    let moved = pump.moved();
    let farewell = match why {
        Why::Over(over) => {
            let (status, reason) = over.close();
            pump.farewell(status, reason)
        }
        _ => Vec::new(),
    };
    let (mut client, mut service) = pump.into_streams();
    if why != Why::Closed {
        // Whoever is still there gets what is buffered, and an end instead of a reset.
        let goodbye = async { tokio::join!(part(&mut client, &farewell), AsyncWriteExt::shutdown(&mut service)) };
        let _ = timeout(LAST_BYTES, goodbye).await;
    }
    label.log.add("tunnel ended", |line| {
        line.text("why", &format!("{why:?}"));
        line.text("route", &label.route);
        line.text("target_address", &label.target_address);
        line.number("received", moved.from_client);
        line.number("sent", moved.from_service);
        line.time("total_us", began.elapsed());
        line.text("request_id", &label.request_id);
    });
    why
}

/// Says a last thing and closes. What still comes is read and thrown away: to close on it would reset the connection, and the
/// last thing with it.
async fn part(stream: &mut Stream, farewell: &[u8]) {
    if farewell.is_empty() {
        let _ = stream.shutdown().await;
        return;
    }
    if stream.write_all(farewell).await.is_ok() && stream.shutdown().await.is_ok() {
        let mut ignored = [0; 512];
        while matches!(stream.read(&mut ignored).await, Ok(1..)) {}
    }
}
