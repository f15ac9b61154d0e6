//! Ended sessions: pushed over Redis, with a snapshot at the start and after each interruption.

use super::Gate;
use shared_contracts::claims::{REVOKED_CHANNEL, REVOKED_KEY_PREFIX, Revocation};
use shared_redis::{Event, Redis, RedisError};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Keys read in one go while a snapshot is loaded.
const CHUNK: usize = 500;
/// From one failed snapshot to the next try.
const RETRY: Duration = Duration::from_millis(500);
/// How often entries that no token can name any more are forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// Keeps the gate's view of ended sessions complete, for ever; `ended` is called with each session once it is refused.
///
/// `redis` is a handle on the database that auth writes revocations to.
pub async fn keep(redis: Redis, gate: Arc<Gate>, ended: impl Fn(&str)) {
    let mut events = redis.subscribe(&[REVOKED_CHANNEL], &[]);
    let mut snapshot_due: Option<Instant> = None;
    let mut next_prune = Instant::now() + PRUNE_EVERY;
    loop {
        if snapshot_due.is_some_and(|due| due <= Instant::now()) {
            snapshot_due = load(&redis, &gate, &ended).await;
        }
        let patience = snapshot_due.map_or(next_prune, |due| due.min(next_prune));
        match timeout_at(patience, events.recv()).await {
            // What is published from now on arrives, so a snapshot taken now leaves no gap.
            Ok(Some(Event::Subscribed)) => snapshot_due = Some(Instant::now()),
            Ok(Some(Event::Message { payload, .. })) => match serde_json::from_str::<Revocation>(&payload) {
                Ok(revocation) => end(&gate, &revocation, &ended),
                Err(error) => tracing::warn!(%error, "a revocation could not be read"),
            },
            Ok(Some(Event::Lost)) => {
                snapshot_due = None;
                tracing::warn!("revocations are not being pushed; sessions that end now are seen late");
            }
            Ok(None) => return,
            Err(_) => {}
        }
        if Instant::now() >= next_prune {
            gate.prune();
            next_prune = Instant::now() + PRUNE_EVERY;
        }
    }
}

fn end(gate: &Gate, revocation: &Revocation, ended: &impl Fn(&str)) {
    gate.revoke(revocation);
    ended(&revocation.sid);
}

/// Loads the snapshot; when to try again, if it failed.
async fn load(redis: &Redis, gate: &Gate, ended: &impl Fn(&str)) -> Option<Instant> {
    match snapshot(redis).await {
        Ok(revocations) => {
            for revocation in &revocations {
                end(gate, revocation, ended);
            }
            tracing::info!(sessions = revocations.len(), "revocations are complete");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "the snapshot of revocations cannot be loaded yet");
            Some(Instant::now() + RETRY)
        }
    }
}

async fn snapshot(redis: &Redis) -> Result<Vec<Revocation>, RedisError> {
    let keys = redis.scan_prefix(REVOKED_KEY_PREFIX).await?;
    let mut revocations = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(CHUNK) {
        let untils = redis.get_many_json::<u64>(chunk).await?;
        // A key that vanished meanwhile had reached its end.
        for (key, until) in chunk.iter().zip(untils) {
            if let (Some(sid), Some(until)) = (key.strip_prefix(REVOKED_KEY_PREFIX), until) {
                revocations.push(Revocation {
                    sid: sid.to_owned(),
                    until,
                });
            }
        }
    }
    Ok(revocations)
}
