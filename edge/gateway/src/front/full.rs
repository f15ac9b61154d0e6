//! Connections that there is no room for. They are told so, as long as that costs little; a crowd is not heard out.

use super::refusal;
use crate::{edge::Edge, problem::no_room};
use edge_policy::wire::frames::PREFACE;
use pingora_core::protocols::Stream;
use std::{net::IpAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Semaphore,
    time::timeout,
};

/// As many are told at a time; they are not counted among the connections, and need a descriptor each.
const AT_ONCE: usize = 32;
/// What a client is told in, and may say meanwhile.
const BOUNDS: (Duration, usize) = (Duration::from_secs(1), 64 << 10);

/// Who is told at the moment.
pub(super) struct Full(Semaphore);

impl Default for Full {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Full {
    /// Answers 503 to whatever it asks for, and closes. Who speaks HTTP/2 is told nothing: a stream would have to be opened first.
    pub(super) async fn tell(&self, mut stream: Stream, client: IpAddr, edge: &Edge) {
        let Ok(_permit) = self.0.try_acquire() else { return };
        let told = async {
            let mut heard = vec![0; 4096];
            let length = stream.read(&mut heard).await?;
            let known = length.min(PREFACE.len());
            if length == 0 || heard[..known] == PREFACE[..known] {
                return Ok(());
            }
            let answer = refusal::told(
                &no_room().closing(),
                "connection refused",
                Some(client),
                &edge.access_log,
            );
            stream.write_all(&answer).await?;
            stream.shutdown().await?;
            // To close on what it still says would be a reset, and the answer would be lost.
            let mut left = BOUNDS.1;
            while left > 0 {
                match stream.read(&mut heard).await? {
                    0 => break,
                    more => left = left.saturating_sub(more),
                }
            }
            std::io::Result::Ok(())
        };
        // Whoever is slow, or gone, is told no more.
        let _ = timeout(BOUNDS.0, told).await;
    }
}
