//! The first bytes of a connection: they tell whose it is, where a balancer stands in front, and which protocol it speaks. And those of
//! each further request of HTTP/1.

use crate::drain;
use edge_policy::{proxy_protocol, wire::frames::PREFACE};
use pingora_core::{protocols::Stream, server::ShutdownWatch};
use pingora_timeout::{sleep, timeout};
use std::{net::SocketAddr, time::Duration};
use tokio::io::AsyncReadExt;

/// Room for the first bytes; a usual request's head fits in.
pub(super) const ROOM: usize = 2048;

/// What a connection began with.
pub(super) struct Opening {
    /// All bytes that were read: they belong to the first request, or to HTTP/2's preface and what follows.
    pub(super) bytes: Vec<u8>,
    /// Whether they are HTTP/2's preface.
    pub(super) is_h2: bool,
}

/// Reads until the protocol is known. A client that says nothing, or too little for too long, is no client.
pub(super) async fn protocol(stream: &mut Stream, mut bytes: Vec<u8>, within: Duration) -> Option<Opening> {
    let read = async {
        loop {
            if bytes.is_empty() && stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
            let known = bytes.len().min(PREFACE.len());
            if bytes[..known] != PREFACE[..known] {
                return Some(false);
            }
            if known == PREFACE.len() {
                return Some(true);
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return Some(false);
            }
        }
    };
    let is_h2 = timeout(within, read).await.ok()??;
    Some(Opening { bytes, is_h2 })
}

/// Reads what a balancer says about the client. Its address, if it is known, and bytes behind the header; none if there is
/// no header that can be read, and then not a word is owed.
pub(super) async fn client(stream: &mut Stream, within: Duration) -> Option<(Option<SocketAddr>, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(ROOM);
    let read = async {
        loop {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
            if let Some(header) = proxy_protocol::read(&bytes).ok()? {
                return Some(header);
            }
        }
    };
    let header = timeout(within, read).await.ok()??;
    Some((header.client, bytes.split_off(header.length)))
}

/// Waits for the first bytes of a kept connection's next request. False if they do not come in time, or before an edge that stops
/// closes idle connections.
pub(super) async fn next(
    stream: &mut Stream,
    bytes: &mut Vec<u8>,
    within: Duration,
    stops: &mut ShutdownWatch,
) -> bool {
    bytes.reserve(ROOM);
    let idle_until = async {
        // Whoever would tell it may be gone, which is an end too.
        let _ = stops.wait_for(|stops| *stops).await;
        sleep(drain::IDLE).await;
    };
    tokio::select! {
        biased;
        read = timeout(within, stream.read_buf(bytes)) => matches!(read, Ok(Ok(1..))),
        () = idle_until => false,
    }
}
