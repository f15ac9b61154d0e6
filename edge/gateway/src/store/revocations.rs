//! Ended sessions: pushed over Redis, with a snapshot at the start and after each interruption.

use super::{Issuer, Links};
use shared_contracts::claims::{REVOKED_KEY_PREFIX, Revocation};
use shared_redis::{Event, Redis, RedisError};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout_at};

/// Keys read in one go while a snapshot is loaded.
const CHUNK: usize = 500;
/// From one failed snapshot to the next try.
const RETRY: Duration = Duration::from_millis(500);
/// How often entries that no token can name any more are forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// Keeps `issuer`'s view of ended sessions complete, for ever.
pub(crate) async fn keep(redis: Redis, channel: String, issuer: Arc<Issuer>, links: Arc<Links>) {
    let mut events = redis.subscribe(&[&channel], &[]);
    let mut snapshot_due = false;
    let mut next_prune = Instant::now() + PRUNE_EVERY;
    loop {
        if snapshot_due {
            match load_snapshot(&redis, &issuer).await {
                Ok(count) => {
                    snapshot_due = false;
                    if links.revocations.set(true) {
                        tracing::info!(sessions = count, "revocations are complete");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the snapshot of revocations cannot be loaded yet");
                    sleep(RETRY).await;
                }
            }
        }
        let patience = if snapshot_due {
            Instant::now() + RETRY
        } else {
            next_prune
        };
        match timeout_at(patience, events.recv()).await {
            // What is published from now on arrives, so a snapshot taken now leaves no gap.
            Ok(Some(Event::Subscribed)) => snapshot_due = true,
            Ok(Some(Event::Message { payload, .. })) => match serde_json::from_str::<Revocation>(&payload) {
                Ok(revocation) => issuer.verifier.revoke(&revocation),
                Err(error) => tracing::warn!(%error, "a revocation could not be read"),
            },
            Ok(Some(Event::Lost)) => {
                snapshot_due = false;
                links.revocations.set(false);
                tracing::warn!("revocations are not being pushed; sessions that end now are seen late");
            }
            Ok(None) => return,
            Err(_) => {}
        }
        if Instant::now() >= next_prune {
            issuer.verifier.prune();
            next_prune = Instant::now() + PRUNE_EVERY;
        }
    }
}

async fn load_snapshot(redis: &Redis, issuer: &Issuer) -> Result<usize, RedisError> {
    let keys = redis.scan_prefix(REVOKED_KEY_PREFIX).await?;
    let mut count = 0;
    for chunk in keys.chunks(CHUNK) {
        let untils = redis.get_many_json::<u64>(chunk).await?;
        // A key that vanished meanwhile had reached its end.
        for (key, until) in chunk.iter().zip(untils) {
            if let (Some(sid), Some(until)) = (key.strip_prefix(REVOKED_KEY_PREFIX), until) {
                issuer.verifier.revoke(&Revocation {
                    sid: sid.to_owned(),
                    until,
                });
                count += 1;
            }
        }
    }
    Ok(count)
}
