//! The first bytes of a connection: they tell which protocol it speaks.

use edge_policy::wire::frames::PREFACE;
use pingora_core::protocols::Stream;
use pingora_timeout::timeout;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// Room for the first bytes; a usual request's head fits in.
const ROOM: usize = 2048;

/// What a connection began with.
pub(super) struct Opening {
    /// All bytes that were read: they belong to the first request, or to HTTP/2's preface and what follows.
    pub(super) bytes: Vec<u8>,
    /// Whether they are HTTP/2's preface.
    pub(super) is_h2: bool,
}

/// Reads until the protocol is known. A client that says nothing, or too little for too long, is no client.
pub(super) async fn read(stream: &mut Stream, within: Duration) -> Option<Opening> {
    let mut bytes = Vec::with_capacity(ROOM);
    let read = async {
        loop {
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
            let known = bytes.len().min(PREFACE.len());
            if bytes[..known] != PREFACE[..known] {
                return Some(false);
            }
            if known == PREFACE.len() {
                return Some(true);
            }
        }
    };
    let is_h2 = timeout(within, read).await.ok()??;
    Some(Opening { bytes, is_h2 })
}
