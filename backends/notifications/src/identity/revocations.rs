//! Revocations: pushed over Redis, with a snapshot at the start and after each interruption. While nothing comes that way,
//! auth itself is asked for them.

use super::Gate;
use shared_contracts::revocation::{REVOKED_CHANNEL, REVOKED_KEYS, Revocation};
use shared_redis::{Event, Redis, RedisError};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout_at},
};

/// Keys read in one go while a snapshot is loaded.
const CHUNK: usize = 500;
/// From one failed snapshot to the next try.
const RETRY: Duration = Duration::from_millis(500);
/// How often entries that no token can name any more are forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// A subscription that comes up, or comes back, within this time is not worth a question.
const GRACE: Duration = Duration::from_millis(200);
/// From one question to auth to the next, while the subscription is away.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Keeps the gate's view of what is revoked complete, for ever; `ended` is called with all that is new, once it is refused.
///
/// `redis` is a handle on the database that auth writes revocations to.
pub async fn keep(redis: Redis, gate: Arc<Gate>, ended: impl Fn(&Revocation) + Sync) {
    let complete = watch::Sender::new(false);
    tokio::select! {
        () = listen(redis, &gate, &ended, &complete) => {}
        () = ask_while_deaf(&gate, &ended, complete.subscribe()) => {}
    }
}

/// Asks auth about once a second while its pushes are not heard. What it says is added to what is known already.
async fn ask_while_deaf(gate: &Gate, ended: &(impl Fn(&Revocation) + Sync), mut complete: watch::Receiver<bool>) {
    while complete.wait_for(|complete| !complete).await.is_ok() {
        sleep(GRACE).await;
        while !*complete.borrow() {
            match gate.ask_revoked().await {
                Ok(answer) => answer.all().for_each(|revocation| end(gate, revocation, ended)),
                Err(error) => tracing::debug!(%error, "auth does not tell revocations either"),
            }
            sleep(ASK_EVERY).await;
        }
    }
}

async fn listen(redis: Redis, gate: &Gate, ended: &(impl Fn(&Revocation) + Sync), complete: &watch::Sender<bool>) {
    let mut events = redis.subscribe(&[REVOKED_CHANNEL], &[]);
    let mut snapshot_due: Option<Instant> = None;
    let mut next_prune = Instant::now() + PRUNE_EVERY;
    loop {
        if snapshot_due.is_some_and(|due| due <= Instant::now()) {
            snapshot_due = load(&redis, gate, ended).await;
            complete.send_replace(snapshot_due.is_none());
        }
        let patience = snapshot_due.map_or(next_prune, |due| due.min(next_prune));
        match timeout_at(patience, events.recv()).await {
            // What is published from now on arrives, so a snapshot taken now leaves no gap.
            Ok(Some(Event::Subscribed)) => snapshot_due = Some(Instant::now()),
            Ok(Some(Event::Message { payload, .. })) => match serde_json::from_str::<Revocation>(&payload) {
                Ok(revocation) => end(gate, &revocation, ended),
                Err(error) => tracing::warn!(%error, "a revocation could not be read"),
            },
            Ok(Some(Event::Lost)) => {
                snapshot_due = None;
                complete.send_replace(false);
                tracing::warn!("revocations are not being pushed; auth is asked for them");
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

fn end(gate: &Gate, revocation: &Revocation, ended: &impl Fn(&Revocation)) {
    // Of what was told before the sockets are gone.
    if gate.revoke(revocation) {
        ended(revocation);
    }
}

/// Loads the snapshot; when to try again, if it failed.
async fn load(redis: &Redis, gate: &Gate, ended: &(impl Fn(&Revocation) + Sync)) -> Option<Instant> {
    match snapshot(redis).await {
        Ok(revocations) => {
            for revocation in &revocations {
                end(gate, revocation, ended);
            }
            tracing::info!(count = revocations.len(), "revocations are complete");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "the snapshot of revocations cannot be loaded yet");
            Some(Instant::now() + RETRY)
        }
    }
}

async fn snapshot(redis: &Redis) -> Result<Vec<Revocation>, RedisError> {
    let keys = redis.scan_prefix(REVOKED_KEYS).await?;
    let mut revocations = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(CHUNK) {
        let values = redis.get_many_text(chunk).await?;
        // A key that vanished meanwhile had reached its end.
        let entries = chunk.iter().zip(values);
        revocations.extend(entries.filter_map(|(key, value)| Revocation::from_entry(key, &value?)));
    }
    Ok(revocations)
}
